import { execFileSync } from 'node:child_process';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { RunningCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test } from './scene.ts';
import type { Scene } from './scene.ts';

const shipped = fileURLToPath(new URL('../../templates', import.meta.url));

/**
 * A sidecar with a thread that hangs in open(2), on a named pipe among the templates. meet-gen doesn't guard against
 * that, since templates are the operator's own.
 */
async function hangingSidecar(scene: Scene): Promise<RunningCommand> {
  await scene.frontend('frontend');
  const directory = join(scene.folder, 'templates');
  await cp(shipped, directory, { recursive: true });
  const run = scene.run(['--templates', directory]);
  await scene.converged();
  execFileSync('mkfifo', [join(directory, 'pipe.eta')]);
  run.signal('SIGHUP');
  await waitUntil('a thread waits for the writer of the pipe', () => waitsForWriter(run.pid));
  return run;
}

/** Whether a thread waits in the kernel for the writer of a named pipe (proc(5), wchan). */
async function waitsForWriter(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const waits = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/wchan`, 'utf8').catch(() => '')));
  return waits.includes('wait_for_partner');
}

test.concurrent('forces the stop if a file operation hangs, and logs the work that did not end', async ({ scene }) => {
  const run = await hangingSidecar(scene);
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  expect(run.logged('stopForced')).toMatchObject([{ level: 'error' }]);
  expect(run.logged('stopForced')[0]?.['underWay']).toEqual(expect.arrayContaining(['the pass under way', 'a file operation']));
});

test.concurrent('ends at a second stop signal although a file operation hangs', async ({ scene }) => {
  const run = await hangingSidecar(scene);
  run.signal('SIGTERM');
  await run.waitForLog('stopRequested');
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  expect(run.logged('stopForced')).toEqual([]);
});

test.concurrent('forces the stop with exit code 1 if a timer keeps the process alive, and logs the timer', async ({ scene }) => {
  const leak = join(scene.folder, 'leak.cjs');
  await writeFile(leak, 'setInterval(() => undefined, 1000);\n');
  const run = scene.run([], { env: { NODE_OPTIONS: `--require ${leak}` } });
  await run.waitForLog('engineConnected');
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 1, signal: null });
  expect(run.logged('stopped')).toHaveLength(1);
  expect(run.logged('stopForced')).toHaveLength(1);
  expect(run.logged('stopForced')[0]?.['underWay']).toContain('Timeout');
});
