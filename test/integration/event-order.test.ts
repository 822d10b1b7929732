import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { network, test } from './scene.ts';
import type { Scene } from './scene.ts';

/*
 * Events are a reason to look, never a fact. If events are swapped, doubled or lost, the routes still follow the list. The
 * same holds for an open stream that falls silent.
 */

const events = { method: 'GET', path: /^\/events$/ } as const;

/** Repeats an event. @returns the silence before each, in milliseconds */
async function repeatFor(durationMs: number, sendEvent: () => void): Promise<readonly number[]> {
  const silences: number[] = [];
  const startMs = performance.now();
  for (let lastMs = startMs; lastMs - startMs < durationMs;) {
    sendEvent();
    await sleep(10);
    const nowMs = performance.now();
    silences.push(nowMs - lastMs);
    lastMs = nowMs;
  }
  return silences;
}

/** Changes of three backends, with the replicas in rotation after each: the last numbers of their addresses. */
const steps: readonly { readonly what: string; readonly step: (scene: Scene) => void; readonly hosts: readonly number[] }[] = [
  { what: 'all run', step: () => undefined, hosts: [20, 21, 22] },
  { what: 'a backend stops', step: ({ engine }) => engine.world.stop('backend-20'), hosts: [21, 22] },
  { what: 'the backend starts again', step: ({ engine }) => engine.world.start('backend-20'), hosts: [20, 21, 22] },
  { what: 'a backend is restarted', step: (scene) => restart(scene, 'backend-21'), hosts: [20, 21, 22] },
  { what: 'a backend gets another address', step: (scene) => move(scene, 'backend-22', 23), hosts: [20, 21, 23] },
  { what: 'a backend is paused', step: ({ engine }) => engine.world.pause('backend-20'), hosts: [21, 23] },
  { what: 'a backend is unpaused while another dies', step: (scene) => exchange(scene, 'backend-20', 'backend-21'), hosts: [20, 23] },
  { what: 'a backend is replaced', step: (scene) => replace(scene, 'backend-20', 24), hosts: [23, 24] },
];

function restart({ engine }: Scene, name: string): void {
  engine.world.stop(name);
  engine.world.start(name);
}

function move(scene: Scene, name: string, host: number): void {
  scene.engine.world.disconnect(name, network);
  scene.engine.world.connect(name, network, scene.address(host));
}

function exchange({ engine }: Scene, paused: string, dying: string): void {
  engine.world.unpause(paused);
  engine.world.die(dying);
}

function replace(scene: Scene, name: string, host: number): void {
  scene.backend(`${name}-new`, host);
  scene.engine.world.remove(name);
}

async function rotation(scene: Scene): Promise<readonly number[]> {
  const content = await scene.content().catch(() => '');
  const hosts = [...content.matchAll(/server 127\.\d+\.\d+\.(\d+):8000 /g)].map((match) => Number(match[1]));
  return [...new Set(hosts)].toSorted((left, right) => left - right);
}

async function runSteps(scene: Scene): Promise<void> {
  for (const host of [20, 21, 22]) scene.backend(`backend-${host}`, host);
  for (const { what, step, hosts } of steps) {
    step(scene);
    await waitUntil(`the rotation is right after the step: ${what}`, async () => (await rotation(scene)).join() === hosts.join());
  }
  await scene.converged();
}

describe.concurrent('routes follow the list', () => {
  test('with all events in order', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.run();
    await runSteps(scene);
  });

  test('with neighbouring events swapped', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.engine.faults.add({ ...events, do: 'swap' });
    scene.run();
    await runSteps(scene);
  });

  test('with each event sent twice', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.engine.faults.add({ ...events, do: 'repeat' });
    scene.run();
    await runSteps(scene);
  });

  for (const [every, rest] of [
    [2, 0],
    [2, 1],
    [3, 0],
  ] as const) {
    test(`after a resync at the latest, with one of ${every} events lost (number ${rest})`, async ({ scene }) => {
      await scene.frontend('frontend');
      scene.engine.faults.add({ ...events, do: 'lose', which: (_, nth) => nth % every === rest });
      scene.run(['--resync', '1s']);
      await runSteps(scene);
    });
  }

  test('after a resync, if the end of a stop and the new start are lost', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend-20', 20);
    scene.backend('backend-21', 21);
    scene.engine.faults.add({ ...events, do: 'lose', which: ({ Action }) => Action !== 'kill' });
    scene.run(['--resync', '1s']);
    await scene.serves(`${scene.address(20)}:8000`);
    scene.engine.world.beginStop('backend-20');
    await scene.stopsServing(`${scene.address(20)}:8000`);
    scene.engine.world.die('backend-20');
    scene.engine.world.start('backend-20');
    await scene.serves(`${scene.address(20)}:8000`);
  });
});

describe.concurrent('the event stream', () => {
  for (const [when, afterEvents] of [
    ['from the beginning', 0],
    ['after two events', 2],
  ] as const) {
    test(`is reopened at the resync if it is silent ${when}, and its lost events are read`, async ({ scene }) => {
      await scene.frontend('frontend');
      for (const host of [20, 21, 22, 23]) scene.backend(`backend-${host}`, host);
      scene.engine.faults.add({ ...events, do: 'half-open', afterEvents, times: 1 });
      scene.run(['--resync', '1s']);
      await scene.serves(`${scene.address(23)}:8000`);
      for (let event = 0; event < afterEvents; event += 1) scene.engine.world.health('backend-23', 'healthy');
      // The engine still lists the container as running: only an event shows the stop.
      scene.engine.world.beginStop('backend-20');
      await scene.stopsServing(`${scene.address(20)}:8000`);
      scene.engine.world.beginStop('backend-21');
      await scene.stopsServing(`${scene.address(21)}:8000`);
      expect(await rotation(scene)).toEqual([22, 23]);
      await waitUntil('one stream is open', () => scene.engine.eventStreams() === 1);
    });
  }

  test('stays open while events arrive', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.run(['--resync', '1s']);
    await scene.converged();
    const streams = (): number => scene.engine.calls.filter(({ path }) => path === '/events').length;
    // If a busy machine blocks the fake engine for the time of a resync, its stream really is silent.
    const silences = await repeatFor(3500, () => scene.engine.world.health('frontend', 'healthy'));
    expect(streams()).toBeLessThanOrEqual(1 + silences.filter((ms) => ms > 900).length);
    await scene.converged();
  });
});
