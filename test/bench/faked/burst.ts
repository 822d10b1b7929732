import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { readGeneration } from '../../support/fake-engine/nginx.ts';
import type { FakeNginx } from '../../support/fake-engine/nginx.ts';
import type { Scene } from '../../support/fake-engine/scene.ts';
import type { BenchSettings, Figure } from '../figure.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { beginBurstLife } from './burst-life.ts';
import type { BurstLife } from './burst-life.ts';
import { imageOptions } from '../as-in-image.ts';
import { withScene } from './on-scene.ts';

interface Burst {
  readonly lastedMs: number;
  readonly rightAfterMs: number;
  readonly reloads: number;
  readonly lists: number;
  readonly ownCpuMs: number;
}

type Pace = keyof typeof paces;

const events = 1000;
const paces = { 'in about a second': '1,000 events', 'as fast as possible': '1,000 events at once' } as const;
/** About a second. The lengths differ, so that a burst ends at any point between two looks. */
const lastsMs = (seed: number): number => 800 + ((seed * 137) % 400);
const rightWithinMs = 30_000;
const stillRightAfterMs = 1000;

/** 1,000 events of a Meet's backends in a burst, each time for a newly started command. */
export async function measureBurst({ quick, log, signal }: BenchSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [pace, where] of Object.entries(paces) as [Pace, string][]) {
    const bursts: Burst[] = [];
    for (let seed = 1; seed <= (quick ? 2 : 10); seed += 1) {
      const burst = await withScene(signal, (scene) => takeBurst(scene, seed, pace));
      bursts.push(burst);
      log(`1,000 events ${pace}: in ${round(burst.lastedMs)} ms, ${burst.reloads} reloads, right after ${round(burst.rightAfterMs)} ms`);
    }
    const figure = (what: string, unit: Figure['unit'], read: (burst: Burst) => number): Figure => ({
      part: 'faked',
      what,
      where,
      who: 'meet-gen',
      unit,
      samples: bursts.map(read),
    });
    figures.push(
      figure('burst lasts', 'ms', ({ lastedMs }) => lastedMs),
      figure('reloads', 'count', ({ reloads }) => reloads),
      figure('lists', 'count', ({ lists }) => lists),
      figure('last event → right', 'ms', ({ rightAfterMs }) => rightAfterMs),
      figure('own time of the burst', 'ms', ({ ownCpuMs }) => ownCpuMs),
    );
  }
  return figures;
}

/** One burst, until the file is right after the last event. Reloads and lists are counted for another second. */
async function takeBurst(scene: Scene, seed: number, pace: Pace): Promise<Burst> {
  const { engine } = scene;
  const nginx = await scene.frontend('frontend', { version: '1.30.3' });
  const life = beginBurstLife(scene, seed);
  const { pid } = scene.run([], imageOptions());
  await scene.converged();
  const [reloads, lists, cpuMs] = [engine.killCalls().length, engine.listCalls().length, cpuTimeMs(pid)];
  const startedAtMs = performance.now();
  await play(scene, () => life.step(), pace === 'as fast as possible' ? 0 : lastsMs(seed));
  const lastAtMs = performance.now();
  const rightAtMs = await waitUntilRight(scene, nginx, life);
  const ownCpuMs = cpuTimeMs(pid) - cpuMs;
  await sleep(stillRightAfterMs);
  if (!isRight(scene, nginx, life)) throw new Error('the file was right after the burst, but wrong a second later');
  return {
    lastedMs: lastAtMs - startedAtMs,
    rightAfterMs: rightAtMs - lastAtMs,
    reloads: engine.killCalls().length - reloads,
    lists: engine.listCalls().length - lists,
    ownCpuMs,
  };
}

/** Steps until the engine has sent all events, spread evenly over a time. */
async function play({ engine }: Scene, step: () => void, overMs: number): Promise<void> {
  const before = engine.sentEvents();
  const startedAtMs = performance.now();
  let sent = 0;
  while (sent < events) {
    step();
    sent = engine.sentEvents() - before;
    await nextTurn();
    while ((performance.now() - startedAtMs) * events < sent * overMs) await sleep(1);
  }
}

/** @returns when the file was right, by `performance.now()` */
async function waitUntilRight(scene: Scene, nginx: FakeNginx, life: BurstLife): Promise<number> {
  const fromMs = performance.now();
  while (!isRight(scene, nginx, life)) {
    if (performance.now() - fromMs > rightWithinMs)
      throw new Error(
        `${rightWithinMs} ms after a burst the file is still wrong: it holds ${serversIn(scene, life)} instead of ${life.servers()}`,
      );
    await sleep(1);
  }
  return performance.now();
}

/** The file holds these servers and no others, and nginx serves it. */
function isRight(scene: Scene, nginx: FakeNginx, life: BurstLife): boolean {
  return serversIn(scene, life) === life.servers() && nginx.generation() === readGeneration(scene.file());
}

const serversIn = (scene: Scene, life: BurstLife): string => life.serversIn(readFileSync(scene.file(), 'utf8'));

const round = (ms: number): string => ms.toFixed(0);
