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

/** A sidecar with a thread that hangs in open(2): a named pipe among its templates, which are the operator's own and not guarded. */
async function hangingSidecar(scene: Scene): Promise<RunningCommand> {
  await scene.frontend('frontend');
  const directory = join(scene.folder, 'templates');
  await cp(shipped, directory, { recursive: true });
  const run = scene.run(['--templates', directory]);
  await scene.converged();
  execFileSync('mkfifo', [join(directory, 'pipe.eta')]);
  run.signal('SIGHUP');
  await waitUntil('a thread of it waits for the writer', () => waitsForWriter(run.pid));
  return run;
}

/** What its threads wait for in the kernel (proc(5), wchan). */
async function waitsForWriter(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const waits = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/wchan`, 'utf8').catch(() => '')));
  return waits.includes('wait_for_partner');
}

test.concurrent('a stop while a file operation hangs is forced, and the log says what did not end', async ({ scene }) => {
  const run = await hangingSidecar(scene);
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  expect(run.logged('stopForced')).toMatchObject([{ level: 'error' }]);
  expect(run.logged('stopForced')[0]?.['underWay']).toEqual(expect.arrayContaining(['the pass under way', 'a file operation']));
});

test.concurrent('a second stop signal ends it although a file operation hangs', async ({ scene }) => {
  const run = await hangingSidecar(scene);
  run.signal('SIGTERM');
  await run.waitForLog('stopRequested');
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  expect(run.logged('stopForced')).toEqual([]);
});

test.concurrent('a stop that something keeps from ending is forced with 1, and the log says what', async ({ scene }) => {
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
