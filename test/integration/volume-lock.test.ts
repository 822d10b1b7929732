import { lstat, mkdir, readdir, rm, rmdir, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

// Frontends see the shared directory through a read-only mount, where root can still connect to a socket.

const lock = ({ out }: Scene): string => join(out, '.meet-gen.sock');

/** The whole answer to a request, until the other side closes. */
function answerTo(path: string, request: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const connection = connect({ path });
    connection.setEncoding('utf8').on('data', (text: string) => (answer += text));
    connection.on('error', () => undefined);
    connection.on('close', () => resolve(answer));
    connection.write(`${request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
}

async function socketsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isSocket()).map((entry) => join(entry.parentPath, entry.name));
}

test.concurrent('answers no request on a socket in the shared directory', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.converged();
  expect(await socketsBelow(scene.out)).toEqual([lock(scene)]);
  const requests = ['GET /status', 'GET /metrics', 'GET /healthz', 'GET /explain?target=/api', 'POST /drain?container=backend', 'GET //'];
  for (const request of requests) expect(await answerTo(lock(scene), request), request).toBe('');
  await Promise.all(Array.from({ length: 300 }, () => answerTo(lock(scene), 'GET /status')));
  expect((await scene.status()).converged).toBe(true);
  expect(run.hasEnded()).toBe(false);
});

test.concurrent('the commands use a socket that only meet-gen sees', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  await scene.listens([20, 8000]);
  scene.run();
  await scene.converged();
  const { mode, uid } = await lstat(join(scene.statusSocket, '..'));
  expect([mode & 0o777, uid]).toEqual([0o700, process.getuid?.()]);
  for (const command of [['status'], ['healthcheck'], ['explain', '/api/x']])
    expect((await runCommand([...command, '--out', scene.out])).code, command.join(' ')).toBe(0);
});

test.concurrent('puts the status socket into /dev/shm if the temporary directory is read-only', async ({ scene }) => {
  const options = { env: { TMPDIR: '/nowhere' } };
  const folder = join('/dev/shm', scene.statusSocket.split('/').at(-2) ?? '');
  const run = scene.run([], options);
  try {
    await run.waitForLog('engineConnected');
    await waitUntil('the health check succeeds', async () => (await runCommand(['healthcheck', '--out', scene.out], options)).code === 0);
    expect((await lstat(join(folder, 'status.sock'))).isSocket()).toBe(true);
    await run.stop();
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.concurrent('a second meet-gen with another temporary directory is refused until the first is killed', async ({ scene }) => {
  const first = scene.run();
  await first.waitForLog('engineConnected');
  // As in another container.
  const elsewhere = { env: { TMPDIR: scene.folder } };
  const { code, stderr } = await scene.run([], elsewhere).ended;
  expect(code).toBe(2);
  expect(stderr).toContain(
    `meet-gen: another meet-gen is publishing into this directory already (it holds ${lock(scene)}); stop that meet-gen, or start this one with another --out\n`,
  );
  first.signal('SIGKILL');
  await first.ended;
  expect((await lstat(lock(scene))).isSocket()).toBe(true);
  const third = scene.run([], elsewhere);
  await third.waitForLog('engineConnected');
  await third.stop();
  await expect(lstat(lock(scene))).rejects.toThrow('ENOENT');
});

test.concurrent('a link to a used socket does not count as a lock', async ({ scene }) => {
  await symlink(scene.engine.socketPath, join(scene.out, '.meet-gen.sock'));
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  expect((await lstat(join(scene.out, '.meet-gen.sock'))).isSocket()).toBe(true);
  expect(await run.stop()).toMatchObject({ code: 0 });
});

test.concurrent('only one of many processes that start together publishes', async ({ scene }) => {
  const runs = Array.from({ length: 4 }, (_, index) => scene.run([], { env: { TMPDIR: join(scene.folder, `t${index}`) } }));
  for (const index of runs.keys()) await mkdir(join(scene.folder, `t${index}`));
  await waitUntil('only one process is left', () => runs.filter((run) => run.hasEnded()).length === runs.length - 1);
  await runs.find((run) => !run.hasEnded())?.waitForLog('engineConnected');
  for (const run of runs.filter((one) => one.hasEnded())) expect((await run.ended).code).toBe(2);
});

test.concurrent("a directory at the lock's path is reported, and after its removal the lock is made", async ({ scene }) => {
  await mkdir(lock(scene));
  const run = scene.run();
  const status = await waitForStatus(scene, 'the missing lock is reported', ({ problems }) =>
    problems.some(({ code }) => code === 'not-locked'),
  );
  expect(status.problems[0]?.message).toContain('a second meet-gen could publish into the same directory');
  await rmdir(lock(scene));
  await waitUntil('the lock exists', async () => (await lstat(lock(scene)).catch(() => undefined))?.isSocket());
  await waitForStatus(scene, 'the problem is resolved', ({ problems }) => problems.length === 0);
  await rm(lock(scene));
  await waitUntil('the lock exists again', async () => (await lstat(lock(scene)).catch(() => undefined))?.isSocket());
  expect(run.hasEnded()).toBe(false);
  await run.stop();
  await expect(lstat(lock(scene))).rejects.toThrow('ENOENT');
});

test.concurrent('a lock of another process is reported, and not removed', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  await rm(lock(scene));
  const other = createServer((connection) => connection.destroy());
  await new Promise<void>((resolve) => other.listen(lock(scene), resolve));
  await waitForStatus(scene, 'the missing lock is reported', ({ problems }) => problems.some(({ code }) => code === 'not-locked'));
  await waitUntil('the problem is logged', () => problemCodes(run, 'notice').includes('not-locked'));
  expect((await run.stop()).code).toBe(0);
  expect((await lstat(lock(scene))).isSocket()).toBe(true);
  await new Promise((resolve) => other.close(resolve));
});
