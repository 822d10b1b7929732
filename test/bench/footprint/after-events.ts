import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../providers/engine/docker-command.ts';
import type { Scene } from '../../support/fake-engine/scene.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { beginBurstLife } from '../faked/burst-life.ts';
import type { BurstLife } from '../faked/burst-life.ts';
import { withScene } from '../faked/on-scene.ts';
import type { BenchContext, Figure } from '../figure.ts';
import { residentFigures } from './after-start.ts';
import { startContainer } from './image-container.ts';
import { containerReader, processReader, readSettled } from './resident.ts';
import type { ReadResident, Resident } from './resident.ts';

const stations = [0, 2500, 5000, 7500, 10_000] as const;
/** Events before each pause: some come together, some alone. */
const portion = 45;
const pauseMs = 100;
/** meet-gen may delay a change that only adds servers. */
const rightWithinMs = 60_000;
/** Memory doesn't depend on the pace, so several scenes run at once. */
const sideBySide = 5;

type Start = (scene: Scene, engine: Engine) => Promise<{ readonly read: ReadResident; readonly end: () => Promise<unknown> }>;

/** Resident memory over 10,000 random events of a Meet, in meet-gen's image and as a process of this machine. */
export async function measureAfterEvents(context: BenchContext, image: string, samples: number): Promise<readonly Figure[]> {
  const ways: readonly { readonly suffix: string; readonly start: Start }[] = [
    { suffix: '', start: startContained(image) },
    { suffix: ", this machine's Node", start: startHere },
  ];
  const figures: Figure[] = [];
  for (const { suffix, start } of ways) {
    const lives: (readonly Resident[])[] = [];
    while (lives.length < samples) {
      const count = Math.min(sideBySide, samples - lives.length);
      const seeds = Array.from({ length: count }, (_, index) => lives.length + index + 1);
      lives.push(...(await Promise.all(seeds.map((seed) => withScene(context.signal, (scene) => live(context, scene, seed, start))))));
      context.log(`after 10,000 events${suffix}: ${lives.at(-1)?.at(-1)?.wholeMB.toFixed(1)} MB`);
    }
    for (const [index, events] of stations.entries()) {
      const where = `after ${events.toLocaleString('en-US')} events${suffix}`;
      figures.push(
        ...residentFigures(
          where,
          'meet-gen',
          lives.flatMap((life) => life[index] ?? []),
        ),
      );
    }
    figures.push({
      part: 'footprint',
      what: 'growth of resident memory',
      where: `5,000 to 10,000 events${suffix}`,
      who: 'meet-gen',
      unit: 'ratio',
      samples: lives.map((life) => (life[4]?.wholeMB ?? NaN) / (life[2]?.wholeMB ?? NaN)),
    });
  }
  return figures;
}

/** @returns the memory at each of the stations */
async function live({ engine, signal }: BenchContext, scene: Scene, seed: number, start: Start): Promise<readonly Resident[]> {
  await scene.frontend('frontend', { version: '1.30.3' });
  const life = beginBurstLife(scene, seed);
  const { read, end } = await start(scene, engine);
  try {
    const residents: Resident[] = [];
    for (const station of stations) {
      await takeEvents(scene, life, station, signal);
      await waitUntilRight(scene, life);
      residents.push(await readSettled(read, signal));
    }
    return residents;
  } finally {
    await end();
  }
}

async function takeEvents({ engine }: Scene, life: BurstLife, until: number, signal: AbortSignal): Promise<void> {
  while (engine.sentEvents() < until) {
    const before = engine.sentEvents();
    while (engine.sentEvents() - before < portion) life.step();
    await sleep(pauseMs, undefined, { signal });
  }
}

async function waitUntilRight(scene: Scene, life: BurstLife): Promise<void> {
  const servers = life.servers();
  await waitUntil('the file holds the running backends', async () => life.serversIn(await scene.content()) === servers, rightWithinMs);
  await scene.converged();
}

const startHere: Start = async (scene) => {
  const command = scene.run();
  await scene.converged();
  return { read: processReader(command.pid), end: () => command.stop() };
};

/**
 * Shares this process's user, this machine's /tmp and its network, so that the container reaches the scene's sockets,
 * files and addresses.
 */
function startContained(image: string): Start {
  return async (scene, engine) => {
    const user = `${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`;
    const temporary = ['--env', `TMPDIR=${tmpdir()}`, '--volume', `${tmpdir()}:${tmpdir()}`];
    const place = ['--network', 'host', '--user', user, ...temporary];
    const flags = ['--docker-host', scene.engine.host, '--out', scene.out, '--listen', 'off', '--resync', '1h'];
    const container = await startContainer(engine, [...place, image, 'run', ...flags]);
    try {
      await scene.converged();
    } catch (error) {
      await container.remove();
      throw error;
    }
    return { read: containerReader(engine, container.id), end: container.remove };
  };
}
