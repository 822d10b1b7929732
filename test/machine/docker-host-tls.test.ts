import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDockerHost } from '../../src/source/docker-host.ts';
import { makeAuthority } from '../support/certificates.ts';

// DOCKER_HOST with certificates made by openssl. test/unit/docker/docker-host.test.ts tests its other forms.

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'certs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const tls = { DOCKER_TLS_VERIFY: '1' };

describe('DOCKER_HOST', () => {
  it.each([
    ['tcp://proxy', tls],
    ['https://proxy', {}],
  ])('%s with %j uses TLS, with the certificates and port 2376', async (url, env) => {
    const folder = await (await makeAuthority(emptyFolder())).issue('client');
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name)));
    expect(parseDockerHost(url, { ...env, DOCKER_CERT_PATH: folder })).toMatchObject({ port: 2376, tls: { ca, cert, key } });
  });

  it.each([
    ['the key of another certificate', 'key.pem', /key values mismatch/],
    ['no PEM', 'cert.pem', /no start line/],
  ])('with TLS and %s is refused', async (_, name, why) => {
    const authority = await makeAuthority(emptyFolder());
    const folder = await authority.issue('client');
    const wrong = name === 'key.pem' ? readFileSync(join(await authority.issue('other'), name), 'utf8') : 'nonsense';
    writeFileSync(join(folder, name), wrong);
    const parse = (): unknown => parseDockerHost('tcp://proxy', { ...tls, DOCKER_CERT_PATH: folder });
    expect(parse).toThrow(why);
    expect(parse).toThrow(/all three must be PEM/);
  });
});
