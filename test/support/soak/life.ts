import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeLabels, network } from '../fake-engine/scene.ts';
import type { Scene } from '../fake-engine/scene.ts';
import type { FakeNginx } from '../fake-engine/nginx.ts';
import { seededRandom } from '../seeded-random.ts';

/** A Meet with random changes. The same seed gives the same changes. */
export interface Life {
  /** Changes something, which sends any number of events. */
  step(): Promise<void>;
  /** Finishes all changes under way: every container runs, is healthy and stays. */
  settle(): void;
  /** The addresses in rotation after `settle`, sorted. */
  addresses(): readonly string[];
  /** The number of containers so far. */
  born(): number;
}

interface LifeOptions {
  readonly seed: number;
  /** A template directory that this life may touch. */
  readonly templates: string;
}

const mostBackends = 24;
const strangers = 10;

/** Copies the shipped templates into a writable folder. */
async function copyTemplates(to: string): Promise<void> {
  await cp(fileURLToPath(new URL('../../../templates', import.meta.url)), to, { recursive: true });
}

/** Adds two frontends, some backends and some containers without labels to the scene. */
export async function beginLife(scene: Scene, { seed, templates }: LifeOptions): Promise<Life> {
  const { engine } = scene;
  const { world, faults } = engine;
  const random = seededRandom(seed);
  const nginxByFrontend = new Map<string, FakeNginx>();
  const backends = new Map<string, 'well' | 'paused' | 'stopping' | 'down'>();
  const hosts = new Map<string, number>();
  let born = 0;
  let strangerTurns = 0;

  const upTo = (limit: number): number => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[upTo(items.length)];
  const inState = (...states: readonly string[]): readonly string[] =>
    [...backends].flatMap(([name, state]) => (states.includes(state) ? [name] : []));
  const freeHost = (): number => {
    const taken = new Set(hosts.values());
    for (;;) {
      const host = 20 + upTo(200);
      if (!taken.has(host)) return host;
    }
  };

  const addBackend = (): void => {
    if (backends.size >= mostBackends) return removeBackend();
    born += 1;
    const name = `backend-${born}`;
    const host = freeHost();
    scene.backend(name, host, { health: 'starting', ...(upTo(8) === 0 ? odd(born) : {}) });
    world.health(name, 'healthy');
    backends.set(name, 'well');
    hosts.set(name, host);
  };
  const removeBackend = (): void => {
    const name = pick([...backends.keys()]);
    if (name === undefined || backends.size <= 2) return;
    world.remove(name);
    backends.delete(name);
    hosts.delete(name);
  };
  const withBackend = (from: string, to: 'well' | 'paused' | 'stopping' | 'down', change: (name: string) => void) => (): void => {
    const name = pick(inState(from));
    if (name === undefined) return;
    change(name);
    backends.set(name, to);
  };
  const reconnect = (name: string): void => {
    const host = freeHost();
    hosts.set(name, host);
    world.disconnect(name, network);
    world.connect(name, network, scene.address(host));
  };
  const replaceStranger = (): void => {
    strangerTurns += 1;
    const name = `stranger-${strangerTurns % strangers}`;
    world.remove(name);
    addStranger(name);
  };
  const addStranger = (name: string): void => {
    born += 1;
    world.add({ name, labels: composeLabels('docs', 'backend'), networks: { [network]: scene.address(250) }, health: 'healthy' });
  };
  const replaceFrontend = (): void => {
    const name = pick([...nginxByFrontend.keys()]) ?? '';
    const host = name === 'frontend-1' ? 10 : 11;
    born += 1;
    world.remove(name);
    world.add({
      name,
      labels: composeLabels('meet', 'frontend', { 'meet.role': 'frontend' }),
      networks: { [network]: scene.address(host) },
      prefixLength: 24,
      // Each time with another image, as after a redeploy.
      image: `lasuite/meet-frontend:v1.27.${born}`,
    });
    nginxByFrontend.get(name)?.moveTo(name);
  };
  const restartFrontend = (): void => {
    const name = pick([...nginxByFrontend.keys()]) ?? '';
    world.stop(name);
    nginxByFrontend.get(name)?.boot();
    world.start(name);
  };
  const editTemplate = async (): Promise<void> => {
    const file = join(templates, 'routing.conf.eta');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.startsWith('# edited\n') ? text.slice('# edited\n'.length) : `# edited\n${text}`);
  };
  const takeEngineAway = async (): Promise<void> => {
    await engine.goAway('socket file');
    world.silently(() => [addBackend, removeBackend].forEach((change) => change()));
    await engine.comeBack();
  };
  const fail = (path: RegExp, method: 'GET' | 'POST'): void =>
    void faults.add({ method, path, ...(upTo(2) === 0 ? { do: 'status', status: 500 } : { do: 'drop' }), times: 1 });

  const changes: readonly (readonly [weight: number, change: () => unknown])[] = [
    [40, withBackend('well', 'well', (name) => world.health(name, 'unhealthy'))],
    [60, withBackend('well', 'well', (name) => world.health(name, 'healthy'))],
    [60, () => world.health(`stranger-${upTo(strangers)}`, upTo(2) === 0 ? 'healthy' : 'unhealthy')],
    [20, () => world.exec(pick([...backends.keys()]) ?? 'frontend-1')],
    [30, addBackend],
    [20, removeBackend],
    [10, replaceStranger],
    [10, withBackend('well', 'stopping', (name) => world.beginStop(name, upTo(2) === 0 ? 'TERM' : 'QUIT'))],
    [10, withBackend('stopping', 'down', (name) => world.die(name))],
    [10, withBackend('well', 'down', (name) => world.stop(name))],
    // Rare, so that hardly any container counts as crash-looping.
    [0.3, withBackend('well', 'down', (name) => world.die(name))],
    [25, withBackend('down', 'well', (name) => world.start(name))],
    [5, withBackend('well', 'paused', (name) => world.pause(name))],
    [8, withBackend('paused', 'well', (name) => world.unpause(name))],
    [10, withBackend('well', 'well', reconnect)],
    [4, withBackend('well', 'well', (name) => world.kill(name, 'USR1'))],
    [1, replaceFrontend],
    [1, restartFrontend],
    [0.3, editTemplate],
    [0.6, () => engine.cutEventStreams()],
    [0.2, takeEngineAway],
    [0.6, () => fail(/^\/containers\/json$/, 'GET')],
    [0.6, () => fail(/\/kill$/, 'POST')],
  ];
  const totalWeight = changes.reduce((sum, [weight]) => sum + weight, 0);
  const chooseChange = (): (() => unknown) => {
    let rest = random() * totalWeight;
    for (const [weight, change] of changes) {
      rest -= weight;
      if (rest < 0) return change;
    }
    return addBackend;
  };

  await copyTemplates(templates);
  nginxByFrontend.set('frontend-1', await scene.frontend('frontend-1'));
  nginxByFrontend.set('frontend-2', await scene.frontend('frontend-2', { host: 11 }));
  for (let number = 0; number < 6; number += 1) addBackend();
  for (let number = 0; number < strangers; number += 1) addStranger(`stranger-${number}`);
  return {
    async step() {
      await chooseChange()();
    },
    settle() {
      faults.clear();
      for (const name of inState('stopping')) world.die(name);
      for (const name of inState('stopping', 'down')) world.start(name);
      for (const name of inState('paused')) world.unpause(name);
      for (const name of backends.keys()) {
        world.health(name, 'healthy');
        backends.set(name, 'well');
      }
    },
    addresses: () => [...hosts.values()].map((host) => scene.address(host)).toSorted(),
    born: () => born,
  };
}

/** Labels with mistakes. Their problems must be forgotten with the container. */
function odd(number: number): { readonly labels: Readonly<Record<string, string>> } {
  return { labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.prot': String(number), 'meet.read-timeout': 'long' }) };
}
