import { expect } from 'vitest';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test } from '../integration/scene.ts';
import type { Scene } from '../integration/scene.ts';

/*
 * The rows of test/integration/fault-table.test.ts that name a time, measured. The limits have slack for a busy machine;
 * what was measured is printed.
 */

const list = { method: 'GET', path: /^\/containers\/json$/ } as const;
const rounds = 5;

/** Milliseconds until nginx serves another generation, and this text is in it or not. */
async function untilServed(scene: Scene, before: string, generation: () => string): Promise<number> {
  const startMs = performance.now();
  await waitUntil('nginx serves the new state', () => generation() !== before && generation() === readGeneration(scene.file()));
  return performance.now() - startMs;
}

function tell(what: string, timesMs: readonly number[]): void {
  console.log(`${what}: ${timesMs.map((ms) => Math.round(ms)).join(', ')} ms`);
}

test('list answers 500 once: retried in less than a second', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const timesMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Both looks of the event fail, so that only a retry can find the change.
    const fault = scene.engine.faults.add({ ...list, do: 'status', status: 500, times: 2 });
    const before = nginx.generation();
    if (round % 2 === 0) scene.engine.world.stop('backend');
    else scene.engine.world.start('backend');
    timesMs.push(await untilServed(scene, before, nginx.generation));
    expect(fault.hits()).toBe(2);
    fault.lift();
    await scene.converged();
  }
  tell('two failed lists, from the event until served', timesMs);
  expect(Math.max(...timesMs)).toBeLessThan(1000);
});

test('engine away 1 s, addresses changed: right in less than a second after it is back', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const timesMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const goneAtMs = Date.now();
    await scene.engine.goAway('socket file');
    await waitUntil('a second has gone by', () => Date.now() - goneAtMs >= 1000);
    scene.engine.world.silently((world) => {
      world.disconnect('backend', 'meet_default');
      world.connect('backend', 'meet_default', scene.address(21 + round));
    });
    const before = nginx.generation();
    await scene.engine.comeBack();
    timesMs.push(await untilServed(scene, before, nginx.generation));
    expect(await scene.content()).toContain(`${scene.address(21 + round)}:8000`);
    await scene.converged();
  }
  tell('away for 1 s, from its return until served', timesMs);
  expect(run.hasEnded()).toBe(false);
  expect(Math.max(...timesMs)).toBeLessThan(1000);
});

test('engine away at start for 3 s: right in less than a second after it is there', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  await scene.engine.goAway();
  const run = scene.run();
  await waitUntil('that is told', () => problemCodes(run).includes('engine-unreachable'));
  const toldAtMs = Date.now();
  await waitUntil('three seconds have gone by', () => Date.now() - toldAtMs >= 3000);
  await scene.engine.comeBack();
  const timeMs = await untilServed(scene, 'none', nginx.generation);
  tell('away at the start, from its coming until served', [timeMs]);
  expect(timeMs).toBeLessThan(1500);
});

for (const [what, fault] of [
  ['the subscription', { method: 'GET', path: /^\/events$/ }],
  ['a list', list],
  ['a signal', { method: 'POST', path: /\/kill$/ }],
] as const) {
  test(`SIGTERM while ${what} hangs: ended in less than two seconds`, async ({ scene }) => {
    await scene.frontend('frontend');
    const set = scene.engine.faults.add({ ...fault, do: 'hang' });
    const run = scene.run();
    await waitUntil('it hangs', () => set.hits() > 0);
    const startMs = performance.now();
    run.signal('SIGTERM');
    expect(await run.ended).toMatchObject({ code: 0, signal: null });
    const timeMs = performance.now() - startMs;
    tell(`${what} hangs, from SIGTERM until the end`, [timeMs]);
    expect(timeMs).toBeLessThan(2000);
  });
}
