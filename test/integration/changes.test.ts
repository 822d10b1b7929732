import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test } from './scene.ts';

// Live changes are logged and kept. `render --diff` shows a change before it is published.

test.concurrent('logs each live change, its diff at debug, and keeps both for the status', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  const run = scene.run(['--log-level', 'debug']);
  await run.waitForLog('routesLive');
  scene.backend('backend-2', 21);
  const line = await run.waitForLog('routesLive', 2);
  expect(line['why']).toEqual(['backend-2: start']);
  const logged = await run.waitForLog('fileDiff');
  expect(logged.level).toBe('debug');
  const diff = (logged['diff'] as readonly string[]).join('\n');
  expect(diff).toMatch(new RegExp(`^--- before\\n\\+\\+\\+ after\\n@@ [^]*\\n\\+ {4}server ${scene.address(21)}:8000 `));
  const { changes } = await scene.status();
  expect(changes).toHaveLength(2);
  expect(changes[0]).toEqual({
    instance: 'meet',
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    generation: line['generation'],
    changes: [`+ meet/backend ${scene.address(21)}:8000`],
    containers: ['backend-2: in rotation: running, without a health check'],
    why: ['backend-2: start'],
    servingMs: line['servingMs'],
    liveMs: line['liveMs'],
    diff,
  });
  expect(changes[1]).not.toHaveProperty('diff');
  const shown = await runCommand(['status', '--out', scene.out]);
  expect(shown.stdout).toMatch(/last changes\n {2}\d{4}-.*Z meet, served \d+ ms after backend-2: start\n {4}\+ meet\/backend/);
});

test.concurrent('render --diff shows the change of the published file, and writes nothing', async ({ scene }) => {
  const diff = (...flags: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(['render', '--diff', '--docker-host', scene.engine.host, '--out', scene.out, ...flags]);
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  const first = await diff();
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/^--- .*\/meet\/routing\.conf\n\+\+\+ .*\/meet\/routing\.conf \(rendered now\)\n@@ -0,0 \+1,/);
  scene.run();
  await scene.converged();
  expect(await diff()).toMatchObject({ code: 0, stdout: '', stderr: 'meet-gen: nothing would change\n' });
  const before = await scene.fileIdentity();
  await scene.stopAll();
  scene.backend('backend-2', 21);
  const { stdout } = await diff();
  const changed = stdout.split('\n').filter((line) => /^[+-](?![+-]{2} )/.test(line));
  // Once in the upstream of new connections, once in the upstream of kept connections.
  const added = `+    server ${scene.address(21)}:8000 max_fails=0 fail_timeout=0;`;
  expect(changed.filter((line) => line.includes('server '))).toEqual([added, added]);
  expect(await scene.fileIdentity()).toBe(before);
  expect(await diff('--out', `${scene.out}/nowhere`)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('--out: ') as string,
  });
  await waitUntil('render --diff has sent no signal', () => scene.engine.killCalls().length === 1);
});
