import { lstat, mkdir, readdir, rm, rmdir, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

// A frontend sees the shared directory through a read-only mount. Such a mount doesn't keep root from connecting to a
// socket in the directory.

const lock = ({ out }: Scene): string => join(out, '.meet-gen.sock');

/** The whole answer to a request, until the other side closes the connection. */
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

test.concurrent("answers commands on a socket that only meet-gen's user can reach", async ({ scene }) => {
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
    await run.waitForLog('connected to the engine');
    await waitUntil('healthcheck succeeds', async () => (await runCommand(['healthcheck', '--out', scene.out], options)).code === 0);
    expect((await lstat(join(folder, 'status.sock'))).isSocket()).toBe(true);
    await run.stop();
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.concurrent('refuses a second meet-gen with another temporary directory, until the first is killed', async ({ scene }) => {
  const first = scene.run();
  await first.waitForLog('connected to the engine');
  // As in another container.
  const elsewhere = { env: { TMPDIR: scene.folder } };
  const { code, stderr } = await scene.run([], elsewhere).ended;
  expect(code).toBe(2);
  expect(stderr).toContain(
    `meet-gen: another meet-gen is publishing into this directory already (it holds ${lock(scene)}); stop it, or give this one another --out\n`,
  );
  first.signal('SIGKILL');
  await first.ended;
  expect((await lstat(lock(scene))).isSocket()).toBe(true);
  const third = scene.run([], elsewhere);
  await third.waitForLog('connected to the engine');
  await third.stop();
  await expect(lstat(lock(scene))).rejects.toThrow('ENOENT');
});

test.concurrent('takes no link to a listening socket for a lock', async ({ scene }) => {
  await symlink(scene.engine.socketPath, join(scene.out, '.meet-gen.sock'));
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  expect((await lstat(join(scene.out, '.meet-gen.sock'))).isSocket()).toBe(true);
  expect(await run.stop()).toMatchObject({ code: 0 });
});

test.concurrent('lets one of several meet-gens publish if they start at once', async ({ scene }) => {
  const runs = Array.from({ length: 4 }, (_, index) => scene.run([], { env: { TMPDIR: join(scene.folder, `t${index}`) } }));
  for (const index of runs.keys()) await mkdir(join(scene.folder, `t${index}`));
  await waitUntil('all but one have ended', () => runs.filter((run) => run.hasEnded()).length === runs.length - 1);
  await runs.find((run) => !run.hasEnded())?.waitForLog('connected to the engine');
  for (const run of runs.filter((one) => one.hasEnded())) expect((await run.ended).code).toBe(2);
});

test.concurrent('reports a directory in the place of the lock, and locks when the directory is removed', async ({ scene }) => {
  await mkdir(lock(scene));
  const run = scene.run();
  const status = await waitForStatus(scene, 'the missing lock is reported', ({ problems }) =>
    problems.some(({ code }) => code === 'not-locked'),
  );
  expect(status.problems[0]?.message).toContain('nothing keeps a second meet-gen from publishing into the same directory');
  await rmdir(lock(scene));
  await waitUntil('the lock is there', async () => (await lstat(lock(scene)).catch(() => undefined))?.isSocket());
  await waitForStatus(scene, 'the problem is resolved', ({ problems }) => problems.length === 0);
  await rm(lock(scene));
  await waitUntil('the lock is there again', async () => (await lstat(lock(scene)).catch(() => undefined))?.isSocket());
  expect(run.hasEnded()).toBe(false);
  await run.stop();
  await expect(lstat(lock(scene))).rejects.toThrow('ENOENT');
});

test.concurrent('reports a lock that another process has taken, and leaves the lock alone', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  await rm(lock(scene));
  const other = createServer((connection) => connection.destroy());
  await new Promise<void>((resolve) => other.listen(lock(scene), resolve));
  await waitForStatus(scene, 'the missing lock is reported', ({ problems }) => problems.some(({ code }) => code === 'not-locked'));
  await waitUntil('the log shows the missing lock', () => problemCodes(run, 'notice').includes('not-locked'));
  expect((await run.stop()).code).toBe(0);
  expect((await lstat(lock(scene))).isSocket()).toBe(true);
  await new Promise((resolve) => other.close(resolve));
});
