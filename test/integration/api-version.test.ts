import { describe, expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { FakeEngine } from '../support/fake-engine/engine.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test } from './scene.ts';

/** The versions in the paths of the calls from index `from` on. */
function versionsAsked({ calls }: FakeEngine, from = 0): ReadonlySet<string> {
  return new Set(calls.slice(from).flatMap(({ path, version }) => (path === '/_ping' ? [] : (version ?? 'none'))));
}

describe.concurrent('an engine with other API versions', () => {
  for (const [what, api] of [
    ['the oldest engine', { min: '1.24', max: '1.41' }],
    ['an engine that refuses old clients', { min: '1.44', max: '1.52' }],
    ['an engine newer than meet-gen', { min: '1.44', max: '1.99' }],
  ] as const) {
    test(`gets a version that it has, and its health is read: ${what}`, async ({ scene }) => {
      scene.engine.api = api;
      await scene.frontend('frontend');
      scene.backend('well', 20, { health: 'healthy' });
      scene.backend('ill', 21, { health: 'unhealthy' });
      scene.run();
      await scene.serves(`${scene.address(20)}:8000`);
      expect(await scene.content()).not.toContain(scene.address(21));
      const once = await runCommand(['render', '--docker-host', scene.engine.host]);
      expect(once.stdout).toContain(`${scene.address(20)}:8000`);
    });
  }

  test('is reported if it is too new; the file stays, and a replaced engine works again', async ({ scene }) => {
    await scene.frontend('frontend');
    const run = scene.run(['--resync', '1s']);
    await scene.converged();
    const before = await scene.fileIdentity();
    await scene.engine.goAway();
    scene.engine.api = { min: '1.90', max: '1.99' };
    await scene.engine.comeBack();
    await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
    const once = await runCommand(['render', '--docker-host', scene.engine.host]);
    expect(once).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('Minimum supported API version is 1.90') });
    expect(await scene.fileIdentity()).toBe(before);
    expect(run.hasEnded()).toBe(false);
    await scene.engine.goAway();
    scene.engine.api = { min: '1.24', max: '1.45' };
    await scene.engine.comeBack();
    scene.backend('backend', 20);
    await scene.serves(`${scene.address(20)}:8000`);
  });

  test('gets a version that it has after a restart with a newer minimum', async ({ scene }) => {
    scene.engine.api = { min: '1.24', max: '1.43' };
    await scene.frontend('frontend');
    scene.backend('backend-1', 20);
    scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    await scene.engine.goAway();
    scene.engine.api = { min: '1.44', max: '1.52' };
    await scene.engine.comeBack();
    scene.backend('backend-2', 21);
    await scene.serves(`${scene.address(21)}:8000`);
  });

  test('gets a version that it has after a restart with an older maximum', async ({ scene }) => {
    scene.engine.api = { min: '1.44', max: '1.52' };
    await scene.frontend('frontend');
    scene.backend('backend-1', 20);
    scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    const calls = scene.engine.calls.length;
    await scene.engine.goAway();
    scene.engine.api = { min: '1.24', max: '1.41' };
    await scene.engine.comeBack();
    scene.backend('backend-2', 21);
    await scene.serves(`${scene.address(21)}:8000`);
    await waitUntil('the engine is called again', () => versionsAsked(scene.engine, calls).size > 0);
  });
});
