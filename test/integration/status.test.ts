import { connect, createServer } from 'node:net';
import { stat } from 'node:fs/promises';
import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { CommandEnd } from '../support/built-command.ts';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { askPort, askSocket, freePort, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

function healthcheck(scene: Scene): Promise<CommandEnd> {
  return runCommand(['healthcheck', '--out', scene.out]);
}

test.concurrent('answers with the same status on the socket and on the port', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const port = await freePort();
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await scene.converged();
  const [onSocket, answer] = await waitUntil('both answers show the same look at the engine', async () => {
    const both = [await scene.status(), await askPort(port, '/status')] as const;
    return both[1].body.includes(`"${both[0].engine.lastSyncAt}"`) && both;
  });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toEqual(onSocket);
  const generation = readGeneration(scene.file());
  expect(onSocket).toMatchObject({
    ready: true,
    converged: true,
    engine: { connected: true },
    problems: [],
    instances: [
      {
        name: 'meet',
        file: scene.file(),
        desiredGeneration: generation,
        publishedGeneration: generation,
        frontends: [{ container: 'frontend', phase: 'live', runningGeneration: generation, nginxVersion: '1.22.1', signals: 1 }],
        services: [
          { service: 'meet/backend', replicas: [{ container: 'backend', inRotation: true, endpoint: `${scene.address(20)}:8000` }] },
        ],
      },
    ],
  });
  expect(onSocket.instances[0]?.routes).toContainEqual({ path: '/api/', kind: 'below', service: 'meet/backend' });
  for (const path of ['/healthz', '/readyz']) {
    expect(await askPort(port, path)).toMatchObject({ status: 200 });
    expect(await askSocket(scene.statusSocket, path)).toMatchObject({ status: 200 });
  }
  expect(await askPort(port, '/secrets')).toMatchObject({ status: 404 });
});

test.concurrent('answers read-only requests on the port, only for its address and localhost', async ({ scene }) => {
  const port = await freePort();
  const run = scene.run(['--listen', `127.0.0.1:${port}`]);
  await run.waitForLog('engineConnected');
  for (const host of ['evil.example', 'evil.example:9180', 'localhost.evil.example', '127.0.0.1.evil.example'])
    expect(await askPort(port, '/status', { host })).toMatchObject({ status: 421 });
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', `127.0.0.1:${port}`, `[::1]:${port}`, '10.1.2.3'])
    expect(await askPort(port, '/status', { host })).toMatchObject({ status: 200 });
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    expect(await askPort(port, '/status', { method })).toMatchObject({ status: 405 });
  expect(await askPort(port, '/status', { method: 'HEAD' })).toEqual({ status: 200, body: '' });
});

test.concurrent('opens no port with --listen off', async ({ scene }) => {
  const port = await freePort();
  const run = scene.run(['--listen', 'off'], { env: { MEET_GEN_LISTEN: `127.0.0.1:${port}` } });
  await run.waitForLog('engineConnected');
  await expect(askPort(port, '/healthz')).rejects.toThrow('ECONNREFUSED');
  expect((await stat(scene.statusSocket)).mode & 0o777).toBe(0o600);
});

test.concurrent('refuses to start on a port in use, with the fix, and leaves no socket behind', async ({ scene }) => {
  const other = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  try {
    const { code, stderr } = await scene.run(['--listen', `127.0.0.1:${port}`]).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(`127.0.0.1:${port} is taken already; name another address with --listen, or off`);
    await expect(stat(scene.statusSocket)).rejects.toThrow('ENOENT');
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

test.concurrent('healthcheck succeeds while meet-gen runs, and fails after it has stopped', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  expect(await healthcheck(scene)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  run.signal('SIGTERM');
  await run.ended;
  const { code, stdout, stderr } = await healthcheck(scene);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(`meet-gen: no meet-gen answers on ${scene.statusSocket}; is it running with this --out?\n`);
});

test.concurrent('healthcheck succeeds with --instance, and without any container', async ({ scene }) => {
  scene.run(['--instance', 'meet']);
  await waitForStatus(scene, 'meet-gen is ready', ({ ready }) => ready);
  expect(await healthcheck(scene)).toMatchObject({ code: 0 });
});

test.concurrent('healthcheck fails while the engine is away', async ({ scene }) => {
  await scene.engine.goAway();
  scene.run();
  await waitForStatus(scene, 'the status shows the error of the engine', ({ engine }) => engine.error !== undefined);
  const { code, stderr } = await healthcheck(scene);
  expect(code).toBe(1);
  expect(stderr).toContain('not ready');
  await scene.engine.comeBack();
  await waitUntil('healthcheck succeeds', async () => (await healthcheck(scene)).code === 0);
});

test.concurrent('shows hostile names as plain text', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend\u001b[31m\nserver{listen 1;}', 20, {
    labels: { 'meet.role': 'backend', 'com.docker.compose.project': 'meet', 'meet.instance': 'x\n\u001b]0;y', 'meet.pahts': '/<script>' },
  });
  scene.run();
  await scene.converged();
  const { body } = await askSocket(scene.statusSocket, '/status');
  expect(body.trimEnd()).not.toMatch(/[^\x20-\x7e…]/);
  expect(body).not.toMatch(/\\u001b|\\n/);
  expect(await scene.content()).not.toContain('listen 1;');
});

test.concurrent('survives a request with any target, and answers the next one', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  const socket = scene.statusSocket;
  for (const target of [
    '//',
    '//x:y',
    'http://',
    'http://[',
    '/\\',
    '/%',
    '/explain?target=%',
    '/explain?target=//&instance=//',
    '*',
    '/drain?container=%00',
  ])
    for (const method of ['GET', 'POST', 'DELETE']) {
      const status = await askRaw(socket, `${method} ${target} HTTP/1.1`);
      expect([200, 400, 404, 405, 409], `${method} ${target}`).toContain(status);
    }
  expect(run.hasEnded()).toBe(false);
  expect((await askSocket(socket, '/healthz')).status).toBe(200);
});

/** The status of the answer to a request line that no client library would send. */
function askRaw(socketPath: string, requestLine: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const connection = connect({ path: socketPath });
    let answer = '';
    connection.setEncoding('utf8').on('data', (text: string) => (answer += text));
    connection.on('error', reject);
    connection.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])));
    connection.write(`${requestLine}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
}
