import { expect } from 'vitest';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test } from '../integration/scene.ts';
import type { Scene } from '../integration/scene.ts';

/*
 * Measures the rows of test/integration/fault-table.test.ts that name a time, and prints the figures. The limits have
 * slack for a busy machine.
 */

const list = { method: 'GET', path: /^\/containers\/json$/ } as const;
const rounds = 5;

/** @returns the milliseconds until nginx serves the next published generation */
async function timeUntilServed(scene: Scene, before: string, generation: () => string): Promise<number> {
  const startMs = performance.now();
  await waitUntil('nginx serves the new state', () => generation() !== before && generation() === readGeneration(scene.file()));
  return performance.now() - startMs;
}

function printTimes(what: string, timesMs: readonly number[]): void {
  console.log(`${what}: ${timesMs.map((ms) => Math.round(ms)).join(', ')} ms`);
}

test('retries a list that answers 500 in less than a second', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const timesMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Both looks of the event fail, so only a retry finds the change.
    const fault = scene.engine.faults.add({ ...list, do: 'status', status: 500, times: 2 });
    const before = nginx.generation();
    if (round % 2 === 0) scene.engine.world.stop('backend');
    else scene.engine.world.start('backend');
    timesMs.push(await timeUntilServed(scene, before, nginx.generation));
    expect(fault.hits()).toBe(2);
    fault.lift();
    await scene.converged();
  }
  printTimes('two failed lists, from the event until served', timesMs);
  expect(Math.max(...timesMs)).toBeLessThan(1000);
});

test('serves changed addresses in less than a second after the engine was away for 1 s', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const timesMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const goneAtMs = Date.now();
    await scene.engine.goAway('socket file');
    await waitUntil('a second has passed', () => Date.now() - goneAtMs >= 1000);
    scene.engine.world.silently((world) => {
      world.disconnect('backend', 'meet_default');
      world.connect('backend', 'meet_default', scene.address(21 + round));
    });
    const before = nginx.generation();
    await scene.engine.comeBack();
    timesMs.push(await timeUntilServed(scene, before, nginx.generation));
    expect(await scene.content()).toContain(`${scene.address(21 + round)}:8000`);
    await scene.converged();
  }
  printTimes('away for 1 s, from its return until served', timesMs);
  expect(run.hasEnded()).toBe(false);
  expect(Math.max(...timesMs)).toBeLessThan(1000);
});

test('serves the routes in less than 1.5 s after an engine that was away for 3 s at the start', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  await scene.engine.goAway();
  const run = scene.run();
  await waitUntil('meet-gen reports the unreachable engine', () => problemCodes(run).includes('engine-unreachable'));
  const reportedAtMs = Date.now();
  await waitUntil('three seconds have passed', () => Date.now() - reportedAtMs >= 3000);
  await scene.engine.comeBack();
  const timeMs = await timeUntilServed(scene, 'none', nginx.generation);
  printTimes('away at the start, from its return until served', [timeMs]);
  expect(timeMs).toBeLessThan(1500);
});

for (const [what, fault] of [
  ['the subscription', { method: 'GET', path: /^\/events$/ }],
  ['a list', list],
  ['a signal', { method: 'POST', path: /\/kill$/ }],
] as const) {
  test(`ends in less than two seconds after SIGTERM while ${what} hangs`, async ({ scene }) => {
    await scene.frontend('frontend');
    const set = scene.engine.faults.add({ ...fault, do: 'hang' });
    const run = scene.run();
    await waitUntil('the call hangs', () => set.hits() > 0);
    const startMs = performance.now();
    run.signal('SIGTERM');
    expect(await run.ended).toMatchObject({ code: 0, signal: null });
    const timeMs = performance.now() - startMs;
    printTimes(`${what} hangs, from SIGTERM until the end`, [timeMs]);
    expect(timeMs).toBeLessThan(2000);
  });
}
