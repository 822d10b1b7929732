import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDockerHost } from '../../../src/source/docker-host.ts';
import { cureOfSocket, explainEngineFailure } from '../../../src/source/docker/engine-failure.ts';
import { EngineError } from '../../../src/source/engine-error.ts';

function folderWith(...names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'certs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of names) writeFileSync(join(folder, name), name);
  return folder;
}

const tls = { DOCKER_TLS_VERIFY: '1' };

describe('DOCKER_HOST', () => {
  it.each([
    ['unix:///var/run/docker.sock', { socketPath: '/var/run/docker.sock' }],
    ['unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
    ['tcp://proxy:2375', { host: 'proxy', port: 2375 }],
    ['tcp://proxy', { host: 'proxy', port: 2375 }],
    ['tcp://10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['tcp://[fd00::1]:2375', { host: 'fd00::1', port: 2375 }],
    ['http://proxy:2375/', { host: 'proxy', port: 2375 }],
  ])('reads %s', (url, expected) => {
    expect(parseDockerHost(url, {})).toEqual({ url, ...expected });
  });

  it.each([
    '',
    'unix://',
    '/var/run/docker.sock',
    'docker',
    'ssh://host',
    'npipe:////./pipe/x',
    'tcp://',
    'tcp://host:x',
    'tcp://host:0',
    'tcp://host:65536',
    'tcp://host/path',
    'tcp://a:b:c',
    'tcp://user@host:1:2',
  ])('refuses %j, and shows the right form', (url) => {
    expect(() => parseDockerHost(url, {})).toThrow(/must/);
  });

  it('refuses TLS without certificates', () => {
    expect(() => parseDockerHost('tcp://proxy', tls)).toThrow('DOCKER_CERT_PATH');
    expect(() => parseDockerHost('tcp://proxy', { ...tls, DOCKER_CERT_PATH: folderWith('ca.pem') })).toThrow(
      /cert\.pem \(DOCKER_CERT_PATH\) can't be read: the file doesn't exist; mount the folder/,
    );
  });
});

describe('explaining a failed call to an engine', () => {
  const socket = 'unix:///nowhere/docker.sock';
  const list = { what: 'listing containers', request: 'GET /containers/json' };
  const overTls = { url: 'tcp://h:2376', host: 'h', port: 2376, tls: { ca: Buffer.of(), cert: Buffer.of(), key: Buffer.of() } };

  it.each([
    ['a missing socket', socket, { code: 'ENOENT' }, /no engine at/, /mount its socket/],
    ['a socket without access', socket, { code: 'EACCES' }, /may not open the socket/, /group_add/],
    [
      'a proxy that refuses the call',
      socket,
      { statusCode: 403, message: 'no' },
      /refused \(403\).* doesn't let GET \/containers\/json through/,
      /docs\/engine-access\.md/,
    ],
    ['a proxy that refuses the method', socket, { statusCode: 405, message: 'no' }, /refused \(405\)/, /allow that call/],
    [
      'an engine that needs TLS',
      'tcp://h:1',
      { statusCode: 400, message: 'Client sent an HTTP request to an HTTPS server.' },
      /needs TLS/,
      /DOCKER_TLS_VERIFY=1/,
    ],
    [
      'a server that redirects',
      'tcp://h:1',
      { statusCode: 301, message: 'x' },
      /redirects GET .* \(301\) instead of answering/,
      /--docker-host/,
    ],
    ['an error of the engine', socket, { statusCode: 500, message: 'broken' }, /answered 500: broken/, /log/],
    ['no answer', socket, new DOMException('x', 'TimeoutError'), /no answer in time/, /overloaded/],
    ['a closed port', 'tcp://h:1', { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, /can't be reached: connect/, /--docker-host/],
    ['a thrown text', 'tcp://h:1', 'odd', /can't be reached: odd/, /runs/],
  ])('explains %s, with a cure', async (_, host, cause, message, cure) => {
    const error = await explainEngineFailure(list, parseDockerHost(host, {}), cause);
    expect(error).toBeInstanceOf(EngineError);
    expect(error.message).toMatch(message);
    expect(error.cure).toMatch(cure);
  });

  it.each([
    ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/, /subjectAltName/],
    ['CERT_HAS_EXPIRED', /has expired or is not valid yet/, /clocks/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /not signed by the authority in ca\.pem/, /ca\.pem/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not signed by the authority in ca\.pem/, /another server/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /doesn't accept meet-gen's own certificate/, /--tlscacert/],
    ['ECONNRESET', /doesn't accept meet-gen's own certificate/, /cert\.pem/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /doesn't use TLS/, /2376/],
    ['ECONNREFUSED', /can't be reached/, /--docker-host/],
  ])('explains %s over TLS, with a cure', async (code, message, cure) => {
    const error = await explainEngineFailure(list, overTls, { code, message: 'x' });
    expect(error.message).toMatch(message);
    expect(error.cure).toMatch(cure);
  });

  const user = { uid: 1000, gids: [1000, 999] };
  it.each([
    [
      'of another group',
      { uid: 0, gid: 4711, mode: 0o140660 },
      /group 4711: add --group-add 4711 to docker run, or group_add: \["4711"\] to the service in compose$/,
    ],
    [
      'of another group, which may only read',
      { uid: 0, gid: 0, mode: 0o140644 },
      /^the socket belongs to group 0, and its mode 0644 gives that group no access: set it to 0660 \(chmod g\+rw\), or start the engine with its usual socket; then add --group-add 0 to docker run, or group_add: \["0"\] to the service in compose$/,
    ],
    [
      'of another group, open to its owner alone',
      { uid: 0, gid: 0, mode: 0o140600 },
      /its mode 0600 gives that group no access: set it to 0660/,
    ],
    ['of another group, open to all', { uid: 0, gid: 0, mode: 0o140666 }, /mode \(0666\) allow it, so another rule forbids it/],
    ['of a group that the user namespace does not map', { uid: 65_534, gid: 65_534, mode: 0o140660 }, /the engine remaps users/],
    [
      'of a group that the process has, closed to it',
      { uid: 0, gid: 999, mode: 0o140600 },
      /^the socket's mode 0600 gives its group no access: set it to 0660/,
    ],
    ['of a group that may only read', { uid: 0, gid: 999, mode: 0o140640 }, /mode 0640 gives its group no access/],
    [
      'of a group that the process has, open to it',
      { uid: 0, gid: 999, mode: 0o140660 },
      /SELinux, add --security-opt label=disable to docker run, or security_opt: \[label=disable\]/,
    ],
    ['of its own user, closed to it', { uid: 1000, gid: 1000, mode: 0o140060 }, /mode 0060 gives its owner no access/],
  ])('gives the cure for a socket %s: %s', (_, found, cure) => {
    expect(cureOfSocket(found, user)).toMatch(cure);
  });

  it('reads the mode of the socket', async () => {
    const folder = folderWith('docker.sock');
    const error = await explainEngineFailure(list, parseDockerHost(`unix://${join(folder, 'docker.sock')}`, {}), { code: 'EACCES' });
    expect(error.message).toBe(`this user may not open the socket ${join(folder, 'docker.sock')}`);
    expect(error.cure).toMatch(/mode \(?0\d+/);
  });

  it('explains an error once', async () => {
    const error = await explainEngineFailure(list, parseDockerHost(socket, {}), { code: 'ENOENT' });
    expect(await explainEngineFailure(list, parseDockerHost(socket, {}), error)).toBe(error);
  });
});
