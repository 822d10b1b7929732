import type { Scene } from '../../support/fake-engine/scene.ts';
import type { BenchSettings, Figure } from '../figure.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { waitUntilReady } from '../until-ready.ts';
import { addOthers, addServices } from './crowd.ts';
import { takeChange } from './one-change.ts';
import type { ChangeCost } from './one-change.ts';
import { imageOptions } from '../as-in-image.ts';
import { withScene } from './on-scene.ts';

interface Start {
  readonly readyMs: number;
  readonly cpuMs: number;
}

const places: readonly { readonly where: string; readonly fill: (scene: Scene) => void }[] = [
  { where: '3 containers', fill: () => undefined },
  { where: '10,000 containers', fill: (scene) => addOthers(scene, 10_000) },
  { where: '1,000 own services', fill: (scene) => addServices(scene, 1000) },
];
const backendHost = 20;

/** The time of a first pass, and the cost of one change: a backend that starts or stops. */
export async function measureManyContainers(context: BenchSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { where, fill } of places) {
    const starts: Start[] = [];
    const changes: ChangeCost[] = [];
    for (let round = 0; round < (context.quick ? 2 : 10); round += 1)
      await withScene(context.signal, async (scene) => {
        fill(scene);
        await scene.frontend('frontend', { version: '1.30.3' });
        scene.backend('backend-1', backendHost);
        scene.backend('backend-2', backendHost + 1, { state: 'exited' });
        const { pid, start } = await startReady(scene);
        starts.push(start);
        await takeChanges(scene, pid, context.quick ? 1 : 3, changes);
      });
    context.log(`${where}: ready after ${Math.round(starts.at(-1)?.readyMs ?? NaN)} ms`);
    figures.push(...figuresOf(where, starts, changes));
  }
  return figures;
}

/** Starts the command. The times include the start-up of the process. */
async function startReady(scene: Scene): Promise<{ readonly pid: number; readonly start: Start }> {
  const fromMs = performance.now();
  const command = scene.run([], imageOptions());
  const readyAtMs = await waitUntilReady(command, scene.statusSocket);
  const start = { readyMs: readyAtMs - fromMs, cpuMs: cpuTimeMs(command.pid) };
  await scene.converged();
  return { pid: command.pid, start };
}

async function takeChanges(scene: Scene, pid: number, pairs: number, changes: ChangeCost[]): Promise<void> {
  const { world } = scene.engine;
  for (let pair = 0; pair < pairs; pair += 1) {
    changes.push(await takeChange(scene, pid, () => world.start('backend-2')));
    changes.push(await takeChange(scene, pid, () => world.stop('backend-2')));
  }
}

function figuresOf(where: string, starts: readonly Start[], changes: readonly ChangeCost[]): readonly Figure[] {
  const figure = (what: string, unit: Figure['unit'], samples: readonly number[]): Figure => ({
    part: 'faked',
    what,
    where,
    who: 'meet-gen',
    unit,
    samples,
  });
  const change = (what: string, unit: Figure['unit'], read: (cost: ChangeCost) => number): Figure => figure(what, unit, changes.map(read));
  return [
    figure(
      'first pass',
      'ms',
      starts.map(({ readyMs }) => readyMs),
    ),
    figure(
      'own time of the first pass',
      'ms',
      starts.map(({ cpuMs }) => cpuMs),
    ),
    change('event → written', 'ms', ({ writtenAfterMs }) => writtenAfterMs),
    change("event → written, less the engine's time", 'ms', ({ writtenAfterMs, engineMs }) => writtenAfterMs - engineMs),
    change('own time until written', 'ms', ({ cpuUntilWrittenMs }) => cpuUntilWrittenMs),
    change('own time of one change', 'ms', ({ cpuMs }) => cpuMs),
    change('lists of one change', 'count', ({ lists }) => lists),
    change('bytes of the lists of one change', 'kB', ({ listBytes }) => listBytes / 1000),
  ];
}
