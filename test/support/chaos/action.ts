import { frontends, kindNames, kindOf, networks, runningFrontends, slots } from './world.ts';
import type { Box, Frontend, KindName, Network, Slot, World } from './world.ts';

type PlainBoxVerb = 'start' | 'stop' | 'kill' | 'terminate' | 'pause' | 'unpause' | 'rename' | 'sicken' | 'heal';

/** One change in a walk. */
export type Action =
  | {
      readonly do: 'create' | 'recreate';
      readonly slot: Slot;
      readonly kind: KindName;
      readonly network: Network;
      readonly lasting: boolean;
    }
  | {
      readonly do: 'remove' | 'start' | 'stop' | 'kill' | 'terminate' | 'pause' | 'unpause' | 'rename' | 'sicken' | 'heal';
      readonly slot: Slot;
    }
  | { readonly do: 'connect' | 'disconnect'; readonly slot: Slot; readonly network: Network }
  | { readonly do: 'scale'; readonly count: number }
  | {
      readonly do: 'start-frontend' | 'stop-frontend' | 'restart-frontend' | 'pause-frontend' | 'unpause-frontend' | 'kill-frontend';
      readonly frontend: Frontend;
    }
  | { readonly do: 'scale-frontends'; readonly count: 1 | 2 }
  | { readonly do: 'crash-meet-gen' | 'restart-meet-gen' }
  | { readonly do: 'kill-engine' | 'restart-engine' };

export type Verb = Action['do'];

const largestScale = 3;

/**
 * The actions that are possible in this world. One serving frontend always stays, for the checks.
 */
export function possibleActions(world: World): readonly Action[] {
  return [
    ...slots.flatMap((slot) => actionsOn(slot, world.boxes[slot])),
    ...Array.from({ length: largestScale + 1 }, (_, count): Action => ({ do: 'scale', count })).filter(
      (action) => !('count' in action) || action.count !== world.scale,
    ),
    ...frontends.flatMap((frontend) => actionsOnFrontend(frontend, world)),
    ...scalingOfFrontends(world),
    { do: 'crash-meet-gen' },
    { do: 'restart-meet-gen' },
    { do: 'kill-engine' },
    { do: 'restart-engine' },
  ];
}

function actionsOn(slot: Slot, box: Box | undefined): readonly Action[] {
  const make = (verb: 'create' | 'recreate'): readonly Action[] =>
    kindNames.flatMap((kind) =>
      networks.flatMap((network) => [true, false].map((lasting): Action => ({ do: verb, slot, kind, network, lasting }))),
    );
  if (box === undefined) return make('create');
  const always: readonly Action[] = [...make('recreate'), { do: 'remove', slot }, { do: 'rename', slot }];
  if (box.state === 'paused') return [...always, { do: 'unpause', slot }];
  const rewiring = networks.map((network): Action => ({ do: box.networks.includes(network) ? 'disconnect' : 'connect', slot, network }));
  if (box.state === 'exited') return [...always, ...rewiring, { do: 'start', slot }];
  const whileRunning = (['stop', 'kill', 'terminate', 'pause'] as const).map((verb): Action => ({ do: verb, slot }));
  const health: readonly Action[] = kindOf(box.kind).checked === true ? [{ do: box.sick ? 'heal' : 'sicken', slot }] : [];
  return [...always, ...rewiring, ...whileRunning, ...health];
}

function actionsOnFrontend(frontend: Frontend, world: World): readonly Action[] {
  const state = world.frontends[frontend];
  if (state === undefined) return [];
  if (state === 'exited') return [{ do: 'start-frontend', frontend }];
  if (state === 'paused') return [{ do: 'unpause-frontend', frontend }];
  const hasOther = runningFrontends(world).some((name) => name !== frontend);
  const away = (['stop-frontend', 'pause-frontend', 'kill-frontend'] as const).map((verb): Action => ({ do: verb, frontend }));
  return [{ do: 'restart-frontend', frontend }, ...(hasOther ? away : [])];
}

function scalingOfFrontends({ frontends: states }: World): readonly Action[] {
  // Compose would also start frontend-1.
  if (states['frontend-1'] !== 'running') return [];
  return [{ do: 'scale-frontends', count: states['frontend-2'] === undefined ? 2 : 1 }];
}

/** The targets of an action. Two actions without a common target can run at once. */
export function targetsOf(action: Action): readonly string[] {
  if ('slot' in action) return [action.slot];
  if ('frontend' in action) return [action.frontend];
  switch (action.do) {
    case 'scale':
      return ['compose'];
    case 'scale-frontends':
      return ['compose', ...frontends];
    case 'crash-meet-gen':
    case 'restart-meet-gen':
      return ['meet-gen'];
    default:
      return [...slots, ...frontends, 'compose', 'meet-gen'];
  }
}

/** The world after an action. */
export function after(world: World, action: Action): World {
  if ('slot' in action) {
    const box = afterOnBox(world.boxes[action.slot], action);
    const { [action.slot]: _, ...others } = world.boxes;
    return { ...world, boxes: box === undefined ? others : { ...others, [action.slot]: box } };
  }
  if ('frontend' in action) return { ...world, frontends: { ...world.frontends, [action.frontend]: frontendStateAfter[action.do] } };
  switch (action.do) {
    case 'scale':
      return { ...world, scale: action.count };
    case 'scale-frontends': {
      const { 'frontend-2': _, ...first } = world.frontends;
      return { ...world, frontends: action.count === 1 ? first : { ...first, 'frontend-2': 'running' } };
    }
    case 'kill-engine':
    case 'restart-engine':
      return afterEngineRestart(world);
    default:
      return world;
  }
}

const frontendStateAfter = {
  'start-frontend': 'running',
  'stop-frontend': 'exited',
  'restart-frontend': 'running',
  'pause-frontend': 'paused',
  'unpause-frontend': 'running',
  'kill-frontend': 'exited',
} as const;

type BoxAction = Extract<Action, { readonly slot: Slot }>;

function afterOnBox(box: Box | undefined, action: BoxAction): Box | undefined {
  if (action.do === 'create' || action.do === 'recreate') {
    const { kind, network, lasting } = action;
    return { kind, state: 'running', networks: [network], lasting, renamed: false, sick: false };
  }
  if (box === undefined || action.do === 'remove') return undefined;
  if (action.do === 'connect') return { ...box, networks: [...box.networks, action.network] };
  if (action.do === 'disconnect') return { ...box, networks: box.networks.filter((network) => network !== action.network) };
  return { ...box, ...boxChanges(box)[action.do] };
}

const boxChanges = (box: Box): Readonly<Record<PlainBoxVerb, Partial<Box>>> => ({
  start: { state: 'running' },
  stop: { state: 'exited' },
  kill: { state: 'exited' },
  terminate: { state: 'exited' },
  pause: { state: 'paused' },
  unpause: { state: 'running' },
  rename: { renamed: !box.renamed },
  sicken: { sick: true },
  heal: { sick: false },
});

/** The engine starts containers with `restart: always`, even after a stop by hand or a pause. The others stay down. */
function afterEngineRestart(world: World): World {
  const boxes = Object.entries(world.boxes).map(([slot, box]): [string, Box] => [
    slot,
    { ...box, state: box.lasting ? 'running' : 'exited' },
  ]);
  const all = Object.keys(world.frontends).map((name): [string, 'running'] => [name, 'running']);
  return { ...world, boxes: Object.fromEntries(boxes), frontends: Object.fromEntries(all) };
}
