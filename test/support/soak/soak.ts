import { join } from 'node:path';
import type { Scene } from '../fake-engine/scene.ts';
import type { RunningCommand } from '../built-command.ts';
import { waitUntil } from '../wait-until.ts';
import { beginLife } from './life.ts';
import type { Life } from './life.ts';

interface SoakOptions {
  readonly seed: number;
  readonly events: number;
  /** After this many events all changes stop, and `onRest` is called. */
  readonly restEvery: number;
  /** More environment variables of the command. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onRest: (command: RunningCommand, events: number) => Promise<void>;
}

/** The figures of a soak. */
interface Soaked {
  readonly command: RunningCommand;
  readonly events: number;
  readonly born: number;
  readonly lists: number;
  readonly signals: number;
  readonly subscriptions: number;
  readonly seconds: number;
}

/** The number of events before a pause, so that some events come close together and some alone. */
const burst = 45;
const pauseMs = 100;

/** How long a crash-looping container may stay out of rotation. */
const mostHeldBackMs = 40_000;

/** Stops all changes, and waits until the published file has exactly the current addresses and is proven. */
async function rest(scene: Scene, life: Life): Promise<void> {
  life.settle();
  const wanted = life.addresses().join();
  let found = '';
  await waitUntil(
    'exactly the existing backends are in rotation',
    async () => {
      const servers = [...(await scene.content()).matchAll(/server (\S+):8000 /g)].map(([, address]) => address ?? '');
      found = [...new Set(servers)].toSorted().join();
      return found === wanted;
    },
    mostHeldBackMs,
    () => `wanted ${wanted}\nfound  ${found}`,
  );
  await scene.converged();
}

/** Runs a command in a Meet with random changes until the engine has sent this many events. */
export async function soak(scene: Scene, { seed, events, restEvery, env = {}, onRest }: SoakOptions): Promise<Soaked> {
  const { engine } = scene;
  const templates = join(scene.folder, 'templates');
  const life = await beginLife(scene, { seed, templates });
  const command = scene.run(['--templates', templates, '--resync', '5s', '--log-level', 'warn'], { env });
  await scene.converged();
  const startMs = Date.now();
  let restAt = restEvery;
  while (engine.sentEvents() < events) {
    const before = engine.sentEvents();
    // Changes are slow while no event stream is open, so that the engine's memory of events covers the gap.
    do await life.step();
    while (engine.eventStreams() > 0 && engine.sentEvents() - before < burst);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (engine.sentEvents() < restAt) continue;
    restAt += restEvery;
    await rest(scene, life);
    await onRest(command, engine.sentEvents());
  }
  await rest(scene, life);
  return {
    command,
    events: engine.sentEvents(),
    born: life.born(),
    lists: engine.listCalls().length,
    signals: engine.killCalls().length,
    subscriptions: engine.calls.filter(({ path }) => path === '/events').length,
    seconds: Math.round((Date.now() - startMs) / 1000),
  };
}
