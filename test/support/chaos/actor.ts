import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../wait-until.ts';
import type { Action, Verb } from './action.ts';
import type { Place } from './place.ts';
import { kindOf } from './world.ts';
import type { Network, Slot } from './world.ts';

/** Carries out planned actions on a real Meet. */
export interface Actor {
  act(action: Action): Promise<void>;
  /** The container that is in a slot now. */
  idOf(slot: Slot): string | undefined;
  /** When an action last took a container out of the rotation that still exists; milliseconds since 1970. */
  lastLeaveAtMs(): number;
}

const boxImage = 'meet-gen-test/backend:latest';
const sickFile = '/tmp/sick';
const graceSeconds = '1';
const frontendGraceSeconds = '3';
const patienceMs = 1000;
/** Containers may be out of the rotation after these, and come back. */
const leaving: ReadonlySet<Verb> = new Set(['stop', 'kill', 'terminate', 'pause', 'sicken', 'disconnect', 'kill-engine', 'restart-engine']);

export function createActor({ meet, meetGen, engine }: Place): Actor {
  const ids = new Map<Slot, string>();
  const idOf = (slot: Slot): string => {
    const id = ids.get(slot);
    if (id === undefined) throw new Error(`nothing is in ${slot}: the walk is not what its world says`);
    return id;
  };
  const fullName = (network: Network): string => (network === 'internal' ? meet.internalNetwork : meet.proxyNetwork);

  const create = async (action: Of<'create'>): Promise<void> => {
    const { slot, kind, network, lasting } = action;
    const { labels, checked } = kindOf(kind);
    // Compose must not count or scale this container, only remove it at the end.
    const all = { 'com.docker.compose.project': meet.project, 'com.docker.compose.service': 'walk', ...labels };
    const health = ['--health-cmd', `test ! -e ${sickFile}`, '--health-interval', '1s', '--health-retries', '1'];
    const created = await meet.docker(
      'run',
      '--detach',
      `--name=${meet.container(slot)}`,
      `--network=${fullName(network)}`,
      `--restart=${lasting ? 'always' : 'no'}`,
      `--stop-timeout=${graceSeconds}`,
      ...Object.entries(all).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
      ...(checked === true ? health : []),
      boxImage,
    );
    ids.set(slot, created.trim());
  };
  const remove = async (slot: Slot): Promise<void> => {
    await meet.docker('rm', '--force', idOf(slot));
    ids.delete(slot);
  };
  const rename = async (slot: Slot): Promise<void> => {
    const name = (await meet.docker('inspect', '--format', '{{.Name}}', idOf(slot))).trim().slice(1);
    await meet.docker('rename', idOf(slot), name === meet.container(slot) ? `${name}-renamed` : meet.container(slot));
  };
  /** Until it has ended: a process that has only just been started is still deaf to TERM. */
  const kill = async (container: string, signal: 'KILL' | 'TERM'): Promise<void> => {
    await waitUntil(`${container} ends by ${signal}`, async () => {
      await meet.docker('kill', '--signal', signal, container).catch(() => undefined);
      const ended = meet.docker('wait', container).then(() => true);
      return Promise.race([ended, sleep(patienceMs, false)]);
    });
  };
  const restartEngine = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (engine === undefined) throw new Error('this engine is not ours to break');
    await engine.end(signal);
    await engine.start();
  };

  const perform: Performers = {
    create,
    async recreate(action) {
      await remove(action.slot);
      await create(action);
    },
    remove: ({ slot }) => remove(slot),
    start: ({ slot }) => meet.docker('start', idOf(slot)),
    stop: ({ slot }) => meet.docker('stop', '--time', graceSeconds, idOf(slot)),
    kill: ({ slot }) => kill(idOf(slot), 'KILL'),
    terminate: ({ slot }) => kill(idOf(slot), 'TERM'),
    pause: ({ slot }) => meet.docker('pause', idOf(slot)),
    unpause: ({ slot }) => meet.docker('unpause', idOf(slot)),
    rename: ({ slot }) => rename(slot),
    sicken: ({ slot }) => meet.docker('exec', idOf(slot), 'touch', sickFile),
    heal: ({ slot }) => meet.docker('exec', idOf(slot), 'rm', sickFile),
    connect: ({ slot, network }) => meet.docker('network', 'connect', fullName(network), idOf(slot)),
    disconnect: ({ slot, network }) => meet.docker('network', 'disconnect', fullName(network), idOf(slot)),
    scale: ({ count }) => meet.scale({ backend: count }),
    'scale-frontends': ({ count }) => meet.scale({ frontend: count }),
    'start-frontend': ({ frontend }) => meet.docker('start', meet.container(frontend)),
    'stop-frontend': ({ frontend }) => meet.docker('stop', '--time', frontendGraceSeconds, meet.container(frontend)),
    'restart-frontend': ({ frontend }) => meet.docker('restart', '--time', frontendGraceSeconds, meet.container(frontend)),
    'pause-frontend': ({ frontend }) => meet.docker('pause', meet.container(frontend)),
    'unpause-frontend': ({ frontend }) => meet.docker('unpause', meet.container(frontend)),
    'kill-frontend': ({ frontend }) => kill(meet.container(frontend), 'KILL'),
    'crash-meet-gen': meetGen.crash,
    'restart-meet-gen': meetGen.restart,
    'kill-engine': () => restartEngine('SIGKILL'),
    'restart-engine': () => restartEngine('SIGTERM'),
  };
  let lastLeaveAtMs = 0;
  return {
    async act(action) {
      await (perform[action.do] as Performer<Verb>)(action);
      if (leaving.has(action.do)) lastLeaveAtMs = Date.now();
    },
    idOf: (slot) => ids.get(slot),
    lastLeaveAtMs: () => lastLeaveAtMs,
  };
}

/** The kind of action that this verb, perhaps among others, stands for. */
type Of<What extends Verb, Any = Action> = Any extends { readonly do: infer Verbs } ? (What extends Verbs ? Any : never) : never;
type Performer<What extends Verb> = (action: Of<What>) => Promise<unknown>;
type Performers = { readonly [What in Verb]: Performer<What> };
