// The model of a walk's Meet: its containers, their states, and which containers must answer at which path.
// Pure functions, written from the contract and not from the code that they judge.

export const slots = ['alder', 'birch', 'cedar', 'elder', 'maple'] as const;
export type Slot = (typeof slots)[number];
export const frontends = ['frontend-1', 'frontend-2'] as const;
export type Frontend = (typeof frontends)[number];
export const networks = ['internal', 'proxy'] as const;
export type Network = (typeof networks)[number];

/** The labels that a container of a walk can have. */
interface Kind {
  /** The service of the replica. Not set if the labels keep it out of the routes. */
  readonly service?: ServiceName;
  readonly labels: Readonly<Record<string, string>>;
  /** Has a health check, which fails while the container is sick. */
  readonly checked?: boolean;
  /** Gets requests only if no other replica can answer. */
  readonly drained?: boolean;
  /** Has other settings than the other replicas of its service. */
  readonly disagrees?: boolean;
}

type ServiceName = 'backend' | 'files' | 'office' | 'rival';

const backend = { 'meet.role': 'backend', 'meet.service': 'backend' };

const kinds = {
  plain: { service: 'backend', labels: backend },
  checked: { service: 'backend', labels: backend, checked: true },
  // The routes stay the same, the file changes.
  slower: { service: 'backend', labels: { ...backend, 'meet.read-timeout': '60s', 'meet.body-size': '7M' }, disagrees: true },
  // A bad value disables only its own label.
  mislabelled: { service: 'backend', labels: { ...backend, 'meet.port': '99999', 'meet.read-timeout': 'soon', 'meet.prot': '80' } },
  probed: { service: 'backend', labels: { ...backend, 'meet.health': 'http:/__lbheartbeat__' } },
  drained: { service: 'backend', labels: { ...backend, 'meet.drain': 'true' }, drained: true },
  misspelt: { labels: { ...backend, 'meet.role': 'backned' } },
  'one-off': { labels: { ...backend, 'com.docker.compose.oneoff': 'True' } },
  office: { service: 'office', labels: { 'meet.role': 'backend', 'meet.service': 'office', 'meet.paths': '/office' } },
  files: { service: 'files', labels: { 'meet.role': 'service', 'meet.service': 'files', 'meet.paths': '/files' } },
  // Asks for the backends' path. Gets it only while no backend exists.
  rival: { service: 'rival', labels: { 'meet.role': 'service', 'meet.service': 'rival', 'meet.paths': '/api' } },
} as const satisfies Readonly<Record<string, Kind>>;
export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as readonly KindName[];

export function kindOf(name: KindName): Kind {
  return kinds[name];
}

export interface Box {
  readonly kind: KindName;
  readonly state: 'running' | 'exited' | 'paused';
  readonly networks: readonly Network[];
  /** The engine starts this container when the engine itself starts. */
  readonly lasting: boolean;
  readonly renamed: boolean;
  readonly sick: boolean;
}

export interface World {
  readonly boxes: Readonly<Partial<Record<Slot, Box>>>;
  readonly frontends: Readonly<Partial<Record<Frontend, Box['state']>>>;
  /** The number of backends that compose runs: backend-1, backend-2, … */
  readonly scale: number;
}

export const firstWorld: World = { boxes: {}, frontends: { 'frontend-1': 'running', 'frontend-2': 'running' }, scale: 1 };

/** By path: the containers that must answer there. Every one of them answers, and no other container. */
export type Answers = Readonly<Record<string, readonly string[]>>;

/** The answer while no replica is in rotation. */
const nobody = '503, retry after 5';
const spa = 'SPA';

/** The containers that must answer at each path, by their first names. */
export function expectedAnswers(world: World): Answers {
  return {
    '/api/v1.0/config/': answeringTheApi(world),
    '/office/desk': answering(world, 'office'),
    '/files/a-file': answering(world, 'files'),
    '/abc-defg-hij': [spa],
    '/api-abcd-efg': [spa],
  };
}

/** The API's paths are reserved for future backends, unless only a backend with other paths exists. */
function answeringTheApi(world: World): readonly string[] {
  if (exists(world, 'backend')) return answering(world, 'backend');
  if (exists(world, 'rival')) return answering(world, 'rival');
  return exists(world, 'office') ? [spa] : [nobody];
}

/** A service without replicas has no routes. A service whose replicas are all down keeps its routes. */
function answering(world: World, service: ServiceName): readonly string[] {
  if (!exists(world, service)) return [spa];
  const members = membersOf(world, service);
  const best = ranks.find((rank) => members.some((member) => member.rank === rank));
  const inRotation = members.filter(({ rank }) => rank === best).map(({ name }) => name);
  return inRotation.length === 0 ? [nobody] : inRotation.toSorted();
}

function exists(world: World, service: ServiceName): boolean {
  return membersOf(world, service).length > 0;
}

/** Only the replicas of the best rank get requests. */
const ranks = ['ready', 'unhealthy', 'draining'] as const;

interface Ranked {
  readonly name: string;
  readonly rank: (typeof ranks)[number] | 'never';
}

function membersOf({ boxes, scale }: World, service: ServiceName): readonly Ranked[] {
  const ofSlots = slots.flatMap((name): Ranked[] => {
    const box = boxes[name];
    return box === undefined || kindOf(box.kind).service !== service ? [] : [{ name, rank: rankOf(box) }];
  });
  const scaled = service === 'backend' ? scaledNames(scale).map((name): Ranked => ({ name, rank: 'ready' })) : [];
  return [...scaled, ...ofSlots];
}

function rankOf({ kind, state, networks: attached, sick }: Box): Ranked['rank'] {
  if (state !== 'running' || attached.length === 0) return 'never';
  if (kindOf(kind).drained === true) return 'draining';
  return sick ? 'unhealthy' : 'ready';
}

/** Whether running replicas of a service disagree on its settings. */
export function hasDisagreement({ boxes }: World): boolean {
  return slots.some((slot) => {
    const box = boxes[slot];
    return box?.state === 'running' && kindOf(box.kind).disagrees === true;
  });
}

/** The containers that compose runs at this scale. */
export function scaledNames(scale: number): readonly string[] {
  return Array.from({ length: scale }, (_, index) => `backend-${index + 1}`);
}

/** The frontends that must serve the routes. */
export function runningFrontends(world: World): readonly Frontend[] {
  return frontends.filter((name) => world.frontends[name] === 'running');
}
