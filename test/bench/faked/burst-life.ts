import type { Scene } from '../../support/fake-engine/scene.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** Backends of a Meet that start and end at random. */
export interface BurstLife {
  /** One of them starts, is stopped, or ends by itself: a few events. */
  step(): void;
  /** The servers that the file is to hold now, in order. */
  servers(): string;
  /** Those that a file holds, in the same order. */
  serversIn(content: string): string;
}

const backends = 60;
const firstHost = 20;
/** One that ends by itself three times in a minute is taken for crash-looping and held back; that is not what is measured. */
const crashesAtMost = 2;

/** Adds the backends, half of them running, without a word. */
export function beginBurstLife(scene: Scene, seed: number): BurstLife {
  const random = seededRandom(seed);
  const { world } = scene.engine;
  const all = Array.from({ length: backends }, (_, index) => ({
    name: `backend-${index + 1}`,
    host: firstHost + index,
    running: index % 2 === 0,
    crashes: 0,
  }));
  world.silently(() => {
    for (const { name, host, running } of all) scene.backend(name, host, { state: running ? 'running' : 'exited' });
  });
  const end = (one: (typeof all)[number]): void => {
    if (one.crashes < crashesAtMost && random() < 0.5) {
      one.crashes += 1;
      world.die(one.name);
    } else {
      world.stop(one.name);
    }
  };
  return {
    step() {
      const running = all.filter((one) => one.running);
      const one = all[Math.floor(random() * all.length)];
      // One goes on running, so that there is always a list of servers to compare.
      if (one === undefined || (one.running && running.length === 1)) return;
      if (one.running) end(one);
      else world.start(one.name);
      one.running = !one.running;
    },
    servers: () =>
      all
        .filter((one) => one.running)
        .map(({ host }) => scene.address(host))
        .toSorted()
        .join(),
    serversIn(content) {
      const found = [...content.matchAll(/server (\S+):8000 /g)].map(([, address]) => address ?? '');
      return [...new Set(found)].toSorted().join();
    },
  };
}
