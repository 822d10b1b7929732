import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDockerHost } from '../../../src/docker/docker-host.ts';
import { EngineError, explainEngineFailure } from '../../../src/docker/engine-error.ts';

function certificates(...names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'certs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of names) writeFileSync(join(folder, name), name);
  return folder;
}

describe('DOCKER_HOST', () => {
  it.each([
    ['unix:///var/run/docker.sock', { socketPath: '/var/run/docker.sock' }],
    ['unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
    ['tcp://proxy:2375', { host: 'proxy', port: 2375 }],
    ['tcp://proxy', { host: 'proxy', port: 2375 }],
    ['tcp://10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['tcp://[fd00::1]:2375', { host: 'fd00::1', port: 2375 }],
    ['http://proxy:2375/', { host: 'proxy', port: 2375 }],
  ])('%s is read', (url, expected) => {
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
  ])('%j is refused, with what it should look like', (url) => {
    expect(() => parseDockerHost(url, {})).toThrow(/must/);
  });

  it.each([
    ['tcp://proxy', { DOCKER_TLS_VERIFY: '1' }],
    ['https://proxy', {}],
  ])('%s with %j is TLS, with the certificates and port 2376', (url, env) => {
    const folder = certificates('ca.pem', 'cert.pem', 'key.pem');
    const host = parseDockerHost(url, { ...env, DOCKER_CERT_PATH: folder });
    expect(host).toMatchObject({
      port: 2376,
      tls: { ca: Buffer.from('ca.pem'), cert: Buffer.from('cert.pem'), key: Buffer.from('key.pem') },
    });
  });

  it('with TLS, but without certificates, is refused', () => {
    expect(() => parseDockerHost('tcp://proxy', { DOCKER_TLS_VERIFY: '1' })).toThrow('DOCKER_CERT_PATH');
    expect(() => parseDockerHost('tcp://proxy', { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates('ca.pem') })).toThrow(
      /cert\.pem .*can't be read/,
    );
  });
});

describe('an engine that cannot be asked', () => {
  const socket = 'unix:///nowhere/docker.sock';

  it.each([
    ['that is not there', socket, { code: 'ENOENT' }, /no engine at/, /mount its socket/],
    ['whose socket may not be opened', socket, { code: 'EACCES' }, /may not be opened/, /group_add/],
    ['behind a proxy that refuses', socket, { statusCode: 403, message: 'no' }, /refused \(403\)/, /GET \/containers\/json/],
    ['that answers an error', socket, { statusCode: 500, message: 'broken' }, /answered 500: broken/, /log/],
    ['that does not answer', socket, new DOMException('x', 'TimeoutError'), /no answer in time/, /overloaded/],
    [
      'that is elsewhere',
      'tcp://h:1',
      { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
      /can't be reached: connect/,
      /--docker-host/,
    ],
    ['for a reason that is no error', 'tcp://h:1', 'odd', /can't be reached: odd/, /runs/],
  ])('%s is explained, with a cure', async (_, host, cause, message, cure) => {
    const error = await explainEngineFailure('listing containers', host, cause);
    expect(error).toBeInstanceOf(EngineError);
    expect(error.message).toMatch(message);
    expect(error.cure).toMatch(cure);
  });

  it('names the group of a socket that may not be opened, as the line to paste', async () => {
    const folder = certificates('docker.sock');
    const error = await explainEngineFailure('x', `unix://${join(folder, 'docker.sock')}`, { code: 'EACCES' });
    expect(error.cure).toContain(`group_add: ["${process.getgid?.()}"]`);
  });

  it('is explained once', async () => {
    const error = await explainEngineFailure('x', socket, { code: 'ENOENT' });
    expect(await explainEngineFailure('y', socket, error)).toBe(error);
  });
});
