import { describe, expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/* Every reload leaves old workers behind for a while. meet-gen limits their number, but never delays a removal. */

async function isServed(scene: Scene, host: number): Promise<boolean> {
  return (await scene.content()).includes(`${scene.address(host)}:8000`);
}

/** Crashes a container without a stop signal; the engine restarts it. */
async function crash(scene: Scene, name: string, host: number): Promise<void> {
  scene.engine.world.die(name);
  await waitUntil('the container is out', async () => !(await isServed(scene, host)));
  scene.engine.world.start(name);
}

describe.concurrent('a container that crashes in a loop', () => {
  test('leaves the rotation at each crash, returns twice, then stays out, with few reloads', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('good', 20);
    scene.backend('crasher', 21);
    const run = scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    const before = scene.engine.killCalls().length;
    await crash(scene, 'crasher', 21);
    await waitUntil('the container is back after the first crash', () => isServed(scene, 21));
    await crash(scene, 'crasher', 21);
    await waitUntil('the container is back after the second crash', () => isServed(scene, 21));
    for (let death = 3; death <= 10; death += 1) await crash(scene, 'crasher', 21);
    await waitUntil('the problem is logged', () => problemCodes(run).includes('crash-loop'));
    await waitForStatus(scene, 'the container runs and is out', ({ instances }) =>
      (instances[0]?.services[0]?.replicas ?? []).some(
        ({ container, state, inRotation }) => container === 'crasher' && state === 'running' && !inRotation,
      ),
    );
    expect(await isServed(scene, 21)).toBe(false);
    expect(await isServed(scene, 20)).toBe(true);
    // In and out twice, then out; each change may take two looks.
    expect(scene.engine.killCalls().length - before).toBeLessThanOrEqual(8);
  });

  test('returns without an event after it has run for a while', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('good', 20);
    scene.backend('crasher', 21);
    const run = scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    for (let death = 1; death <= 3; death += 1) await crash(scene, 'crasher', 21);
    await waitUntil('the problem is logged', () => problemCodes(run).includes('crash-loop'));
    expect(await isServed(scene, 21)).toBe(false);
    await scene.serves(`${scene.address(21)}:8000`);
  });

  test('is served again, even if it is the only replica', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('crasher', 21);
    scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    for (let death = 1; death <= 4; death += 1) await crash(scene, 'crasher', 21);
    await scene.serves(`${scene.address(21)}:8000`);
  });
});

for (const [signalEvent, fault] of [
  ['once', undefined],
  ['twice', { method: 'GET', path: /^\/events$/, do: 'repeat' }],
  ['after the end of the container', { method: 'GET', path: /^\/events$/, do: 'swap' }],
] as const) {
  test.concurrent(`a container that an operator restarts repeatedly is not in a crash loop (its signal is reported ${signalEvent})`, async ({
    scene,
  }) => {
    await scene.frontend('frontend');
    scene.backend('good', 20);
    scene.backend('restarted', 21);
    if (fault !== undefined) scene.engine.faults.add(fault);
    const run = scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    for (let round = 1; round <= 4; round += 1) {
      scene.engine.world.stop('restarted');
      await waitUntil('the container is out', async () => !(await isServed(scene, 21)));
      scene.engine.world.start('restarted');
      // Proven, too: then the events of the reload are over, and later events swap only among themselves.
      await scene.serves(`${scene.address(21)}:8000`);
    }
    expect(problemCodes(run)).not.toContain('crash-loop');
  });
}

test.concurrent('200 changes cause a bounded number of reloads, removals never wait, and all additions are served', async ({ scene }) => {
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
      await waitUntil('the container is out', async () => !(await isServed(scene, host)));
    } else {
      scene.backend(`new-${change}`, 30 + change);
      await waitUntil('meet-gen has looked again', () => scene.engine.listCalls().length > lists);
    }
  }
  const seconds = (Date.now() - startMs) / 1000;
  const reloads = scene.engine.killCalls().length - before;
  await scene.serves(`${scene.address(30 + 199)}:8000`);
  expect(await isServed(scene, 31)).toBe(true);
  // Thirty in a row, one more every two seconds, plus the removals, each with one or two signals.
  expect(reloads).toBeLessThanOrEqual(30 + Math.ceil(seconds / 2) + 2 * removals + 2);
});
