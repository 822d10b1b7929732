import { describe, expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/* Every reload leaves old workers behind for a while: how many there are is bounded, but a removal never waits. */

async function isServed(scene: Scene, host: number): Promise<boolean> {
  return (await scene.content()).includes(`${scene.address(host)}:8000`);
}

/** The first process ends, and the engine starts it again: no stop signal. */
async function crash(scene: Scene, name: string, host: number): Promise<void> {
  scene.engine.world.die(name);
  await waitUntil('it is out', async () => !(await isServed(scene, host)));
  scene.engine.world.start(name);
}

describe.concurrent('a container that crashes in a loop', () => {
  test('is out at once each time, back twice, then held back with a few reloads in all', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('good', 20);
    scene.backend('crasher', 21);
    const run = scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    const before = scene.engine.killCalls().length;
    await crash(scene, 'crasher', 21);
    await waitUntil('it is back after the first', () => isServed(scene, 21));
    await crash(scene, 'crasher', 21);
    await waitUntil('it is back after the second', () => isServed(scene, 21));
    for (let death = 3; death <= 10; death += 1) await crash(scene, 'crasher', 21);
    await waitUntil('that is told', () => problemCodes(run).includes('crash-loop'));
    await waitForStatus(scene, 'it runs, and is out', ({ instances }) =>
      (instances[0]?.services[0]?.replicas ?? []).some(
        ({ container, state, inRotation }) => container === 'crasher' && state === 'running' && !inRotation,
      ),
    );
    expect(await isServed(scene, 21)).toBe(false);
    expect(await isServed(scene, 20)).toBe(true);
    // In and out twice, and out for good; each perhaps told in two looks.
    expect(scene.engine.killCalls().length - before).toBeLessThanOrEqual(8);
  });

  test('is taken back by itself when it has run for a while, with no further event', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('good', 20);
    scene.backend('crasher', 21);
    const run = scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    for (let death = 1; death <= 3; death += 1) await crash(scene, 'crasher', 21);
    await waitUntil('that is told', () => problemCodes(run).includes('crash-loop'));
    expect(await isServed(scene, 21)).toBe(false);
    await scene.serves(`${scene.address(21)}:8000`);
  });

  test('is served again in the end, also where it is the only one', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('crasher', 21);
    scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    for (let death = 1; death <= 4; death += 1) await crash(scene, 'crasher', 21);
    await scene.serves(`${scene.address(21)}:8000`);
  });
});

for (const [told, fault] of [
  ['once', undefined],
  ['twice', { method: 'GET', path: /^\/events$/, do: 'repeat' }],
  ['after the end that it led to', { method: 'GET', path: /^\/events$/, do: 'swap' }],
] as const) {
  test.concurrent(`a container that is restarted again and again by hand is no crash loop (the signal told ${told})`, async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('good', 20);
    scene.backend('restarted', 21);
    if (fault !== undefined) scene.engine.faults.add(fault);
    const run = scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    for (let round = 1; round <= 4; round += 1) {
      scene.engine.world.stop('restarted');
      await waitUntil('it is out', async () => !(await isServed(scene, 21)));
      scene.engine.world.start('restarted');
      // Proven, too: by then the events of the reload have gone by, and the next ones have only each other to swap with.
      await scene.serves(`${scene.address(21)}:8000`);
    }
    expect(problemCodes(run)).not.toContain('crash-loop');
  });
}

test.concurrent('a churn of 200 changes: reloads are bounded, removals never wait, and all are served in the end', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('old-0', 20);
  for (let number = 1; number <= 5; number += 1) scene.backend(`old-${number}`, 20 + number);
  scene.run(['--wait', '1ms:1ms']);
  await scene.serves(`${scene.address(25)}:8000`);
  const before = scene.engine.killCalls().length;
  const startMs = Date.now();
  let removals = 0;
  for (let change = 1; change <= 200; change += 1) {
    const lists = scene.engine.listCalls().length;
    if (change % 40 === 0) {
      removals += 1;
      scene.engine.world.stop(`old-${removals}`);
      const host = 20 + removals;
      await waitUntil('it is out', async () => !(await isServed(scene, host)));
    } else {
      scene.backend(`new-${change}`, 30 + change);
      await waitUntil('it was looked at', () => scene.engine.listCalls().length > lists);
    }
  }
  const seconds = (Date.now() - startMs) / 1000;
  const reloads = scene.engine.killCalls().length - before;
  await scene.serves(`${scene.address(30 + 199)}:8000`);
  expect(await isServed(scene, 31)).toBe(true);
  // Thirty in a row, one more every two seconds, and the removals, with a signal or two each.
  expect(reloads).toBeLessThanOrEqual(30 + Math.ceil(seconds / 2) + 2 * removals + 2);
});
