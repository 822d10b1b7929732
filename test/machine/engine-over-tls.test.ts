import { chmodSync, chownSync, copyFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, type TestContext } from 'vitest';
import { runCommand, type CommandEnd } from '../support/built-command.ts';
import { makeAuthority, type Authority } from '../support/certificates.ts';
import { startRefusingTlsServer, startTlsFront, type TlsFront } from '../support/tls-front.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test, type Scene } from '../integration/scene.ts';

const loopback = 'IP:127.0.0.1';

async function authorityIn(scene: Scene, name: string): Promise<Authority> {
  return makeAuthority(join(scene.folder, name));
}

/** Ends one of several concurrent tests. */
type Finish = TestContext['onTestFinished'];

async function closed(onTestFinished: Finish, front: Promise<TlsFront>): Promise<TlsFront> {
  const started = await front;
  onTestFinished(() => started.close());
  return started;
}

const environment = (certPath: string): Record<string, string> => ({ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certPath });
const render = (port: number, certPath: string, more: Readonly<Record<string, string>> = {}): Promise<CommandEnd> =>
  runCommand(['render', '--docker-host', `tcp://127.0.0.1:${port}`], { env: { ...environment(certPath), ...more } });

describe.concurrent('an engine behind TLS, with certificates on both sides', () => {
  test('answers lists and events, and sends signals', async ({ scene, onTestFinished }) => {
    const authority = await authorityIn(scene, 'ca');
    const [server, client] = [await authority.issue('engine', { altName: loopback }), await authority.issue('client')];
    const front = await closed(onTestFinished, startTlsFront(scene.engine.socketPath, server, authority.caFile));
    await scene.frontend('frontend');
    scene.backend('backend-1', 20);
    scene.run(['--docker-host', `tcp://127.0.0.1:${front.port}`], { env: environment(client) });
    await scene.serves(`${scene.address(20)}:8000`);
    scene.backend('backend-2', 21);
    await scene.serves(`${scene.address(21)}:8000`);
    scene.engine.world.stop('backend-1');
    await scene.stopsServing(`${scene.address(20)}:8000`);
    expect(scene.engine.killCalls().length).toBeGreaterThan(0);
    expect((await scene.status()).problems).toEqual([]);
  });

  test('is reached without a restart once its certificate is correct', async ({ scene, onTestFinished }) => {
    const [authority, other] = [await authorityIn(scene, 'ca'), await authorityIn(scene, 'other')];
    const client = await authority.issue('client');
    const wrong = await other.issue('engine', { altName: loopback });
    const first = await startTlsFront(scene.engine.socketPath, wrong, authority.caFile);
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run(['--docker-host', `tcp://127.0.0.1:${first.port}`], { env: environment(client) });
    const problem = await waitUntil('the problem is reported', async () =>
      (await scene.status().catch(() => undefined))?.problems.find(({ code }) => code === 'engine-unreachable'),
    );
    expect(problem.message).toContain('no connection to the engine at tcp://127.0.0.1:');
    expect(problem.message).toContain("put the certificate of the engine's authority into ca.pem");
    await first.close();
    const right = await authority.issue('renewed', { altName: loopback });
    await closed(onTestFinished, startTlsFront(scene.engine.socketPath, right, authority.caFile, first.port));
    await scene.serves(`${scene.address(20)}:8000`);
    await waitUntil('all problems have ended', async () => (await scene.status()).problems.length === 0);
  });
});

describe.concurrent('meet-gen sends no request to an engine', () => {
  test('of another authority, even if Node.js accepts every authority', async ({ scene, onTestFinished }) => {
    const [authority, other] = [await authorityIn(scene, 'ca'), await authorityIn(scene, 'other')];
    const client = await authority.issue('client');
    const front = await closed(
      onTestFinished,
      startTlsFront(scene.engine.socketPath, await other.issue('engine', { altName: loopback }), authority.caFile),
    );
    for (const more of [{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }]) {
      const { code, stderr } = await render(front.port, client, more);
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('is not signed by the authority in ca.pem') as string });
    }
    expect(front.receivedBytes()).toBe(0);
  });

  test.for([
    [
      'whose certificate has expired',
      { altName: loopback, days: -1 },
      /its certificate has expired or is not valid yet .*; renew the certificate/,
    ],
    ['whose certificate is for another name', { altName: 'DNS:engine.example.com' }, /another name than DOCKER_HOST's .*subjectAltName/],
    ['whose certificate has no name', {}, /another name than DOCKER_HOST's .*subjectAltName/],
  ] as const)('%s', async ([, options, words], { scene, onTestFinished }) => {
    const authority = await authorityIn(scene, 'ca');
    const client = await authority.issue('client');
    const front = await closed(
      onTestFinished,
      startTlsFront(scene.engine.socketPath, await authority.issue('engine', options), authority.caFile),
    );
    const { code, stderr } = await render(front.port, client);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(words) as string });
    expect(front.receivedBytes()).toBe(0);
  });

  test('a server without TLS', async ({ scene, onTestFinished }) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const client = await (await authorityIn(scene, 'ca')).issue('client');
    const { code, stderr } = await render((server.address() as AddressInfo).port, client);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/doesn't use TLS .*2376/) as string });
  });
});

/** Puts the engine's authority beside a client certificate of another authority. */
function withCa(certificates: string, caFile: string): string {
  copyFileSync(caFile, join(certificates, 'ca.pem'));
  return certificates;
}

describe.concurrent('an engine that does not accept the certificate of meet-gen', () => {
  test.for([
    ['and closes the connection', startTlsFront],
    ['and sends a TLS alert', (_: string, certificate: string, caFile: string) => startRefusingTlsServer(certificate, caFile)],
  ] as const)('%s', async ([, start], { scene, onTestFinished }) => {
    const [authority, other] = [await authorityIn(scene, 'ca'), await authorityIn(scene, 'other')];
    const front = await closed(
      onTestFinished,
      start(scene.engine.socketPath, await authority.issue('engine', { altName: loopback }), authority.caFile),
    );
    const foreign = await other.issue('client');
    const { code, stderr } = await render(front.port, withCa(foreign, authority.caFile));
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/doesn't accept meet-gen's own certificate .*check that cert\.pem/) as string,
    });
  });
});

test.concurrent('reports an unreadable key, and the user that may not read the key, before connecting', async ({ scene }) => {
  const client = await (await authorityIn(scene, 'ca')).issue('client');
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chownSync(join(client, 'key.pem'), 0, 0);
  chmodSync(join(client, 'key.pem'), asRoot ? 0o600 : 0);
  chmodSync(scene.folder, 0o755);
  const { code, stderr } = await runCommand(['render', '--docker-host', 'tcp://127.0.0.1:2376'], {
    env: environment(client),
    ...(asRoot ? { uid: 65_534, gid: 65_534 } : {}),
  });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/key\.pem \(DOCKER_CERT_PATH\) can't be read: user \d+ may not read it; make it readable/) as string,
  });
});
