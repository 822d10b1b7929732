import type { Scene } from '../../support/fake-engine/scene.ts';
import type { BenchSettings, Figure } from '../figure.ts';
import { cpuTimeMs, waitUntilIdle } from '../process-clock.ts';
import { waitUntilReady } from '../until-ready.ts';
import { addOthers } from './crowd.ts';
import { imageOptions } from '../as-in-image.ts';
import { withScene } from './on-scene.ts';

interface Resync {
  readonly ownMs: number;
  readonly readMs: number;
  /** Until meet-gen is idle, after the requests to the frontends. */
  readonly doneMs: number;
}

const crowds = [10, 100, 1000, 10_000] as const;
const idleMs = 500;

/** A resync without a change: SIGHUP, a list, a request to each frontend. */
export async function measureResync({ quick, log, signal }: BenchSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const containers of crowds) {
    const resyncs = await withScene(signal, (scene) => takeResyncs(scene, containers, quick ? 3 : 15));
    const where = `${containers.toLocaleString('en-US')} containers`;
    log(`a full resync of ${where} took ${Math.round(resyncs.at(-1)?.ownMs ?? Number.NaN)} ms of CPU`);
    const figure = (what: string, read: (resync: Resync) => number): Figure => ({
      part: 'faked',
      what,
      where,
      who: 'meet-gen',
      unit: 'ms',
      samples: resyncs.map(read),
    });
    figures.push(
      figure('own time of a full resync', ({ ownMs }) => ownMs),
      figure('SIGHUP → list read', ({ readMs }) => readMs),
      figure('SIGHUP → all done', ({ doneMs }) => doneMs),
    );
  }
  return figures;
}

async function takeResyncs(scene: Scene, containers: number, rounds: number): Promise<readonly Resync[]> {
  const { engine } = scene;
  addOthers(scene, containers - 2);
  await scene.frontend('frontend', { version: '1.30.3' });
  scene.backend('backend-1', 20);
  const command = scene.run([], imageOptions());
  await waitUntilReady(command, scene.statusSocket);
  await scene.converged();
  await waitUntilIdle(command.pid, { quietMs: idleMs });
  const [signals, file] = [engine.killCalls().length, await scene.fileIdentity()];
  const resyncs: Resync[] = [];
  // One round to warm up.
  for (let round = 0; round <= rounds; round += 1) {
    const [lists, cpuMs, fromMs] = [engine.answered.length, cpuTimeMs(command.pid), performance.now()];
    command.signal('SIGHUP');
    const idle = await waitUntilIdle(command.pid, { quietMs: idleMs });
    const list = engine.answered.slice(lists).find(({ path }) => path === '/containers/json');
    if (list === undefined) throw new Error('meet-gen read no list after SIGHUP');
    if (round > 0) resyncs.push({ ownMs: idle.cpuMs - cpuMs, readMs: list.untilMs - fromMs, doneMs: idle.workedUntilMs - fromMs });
  }
  if (engine.killCalls().length !== signals || (await scene.fileIdentity()) !== file)
    throw new Error('a resync published or reloaded, though no container had changed');
  return resyncs;
}
