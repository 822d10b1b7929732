import type { Scene } from '../../support/fake-engine/scene.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** Backends of a Meet that start and end at random. */
export interface BurstLife {
  /** Starts, stops or crashes one backend: a few events. */
  step(): void;
  /** The sorted servers that the file must hold now. */
  servers(): string;
  /** The sorted servers in a file. */
  serversIn(content: string): string;
}

const backends = 60;
const firstHost = 20;
/** After three crashes in a minute meet-gen takes a backend for crash-looping. The bench doesn't measure that. */
const crashesAtMost = 2;

/** Adds the backends, half of them running, without an event. */
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
      // One backend keeps running, so that there is always a list of servers to compare.
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
