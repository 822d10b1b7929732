// What a walk knows of its Meet: which containers there are, in which state, and who therefore has to answer at which
// path. Pure, and written from the contract, not from the code it judges.

export const slots = ['alder', 'birch', 'cedar', 'elder', 'maple'] as const;
export type Slot = (typeof slots)[number];
export const frontends = ['frontend-1', 'frontend-2'] as const;
export type Frontend = (typeof frontends)[number];
export const networks = ['internal', 'proxy'] as const;
export type Network = (typeof networks)[number];

/** What a container of a walk can be labelled as. */
interface Kind {
  /** The service it is a replica of; none where its labels keep it out. */
  readonly service?: ServiceName;
  readonly labels: Readonly<Record<string, string>>;
  /** Its health check fails while it is sick. */
  readonly checked?: boolean;
  /** It answers, but is asked only when nobody else can. */
  readonly drained?: boolean;
}

type ServiceName = 'backend' | 'files' | 'office' | 'rival';

const backend = { 'meet.role': 'backend', 'meet.service': 'backend' };

const kinds = {
  plain: { service: 'backend', labels: backend },
  checked: { service: 'backend', labels: backend, checked: true },
  // Its replicas disagree with the others: the routes are the same, the file isn't.
  slower: { service: 'backend', labels: { ...backend, 'meet.read-timeout': '60s', 'meet.body-size': '7M' } },
  // Bad values cost the labels concerned, nothing else.
  mislabelled: { service: 'backend', labels: { ...backend, 'meet.port': '99999', 'meet.read-timeout': 'soon', 'meet.prot': '80' } },
  probed: { service: 'backend', labels: { ...backend, 'meet.health': 'http:/__lbheartbeat__' } },
  drained: { service: 'backend', labels: { ...backend, 'meet.drain': 'true' }, drained: true },
  misspelt: { labels: { ...backend, 'meet.role': 'backned' } },
  'one-off': { labels: { ...backend, 'com.docker.compose.oneoff': 'True' } },
  office: { service: 'office', labels: { 'meet.role': 'backend', 'meet.service': 'office', 'meet.paths': '/office' } },
  files: { service: 'files', labels: { 'meet.role': 'service', 'meet.service': 'files', 'meet.paths': '/files' } },
  // Wants what the backends have; has it only while there are none at all.
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
  /** Whether the engine starts it again when the engine itself is started. */
  readonly lasting: boolean;
  readonly renamed: boolean;
  readonly sick: boolean;
}

export interface World {
  readonly boxes: Readonly<Partial<Record<Slot, Box>>>;
  readonly frontends: Readonly<Partial<Record<Frontend, Box['state']>>>;
  /** How many backends compose has been told to run: backend-1, backend-2, … */
  readonly scale: number;
}

export const firstWorld: World = { boxes: {}, frontends: { 'frontend-1': 'running', 'frontend-2': 'running' }, scale: 1 };

/** Paths to ask at, and who has to answer there: all of these and nobody else. */
export type Answers = Readonly<Record<string, readonly string[]>>;

/** Nobody is in rotation, and the answer says when to come back. */
const nobody = '503, retry after 5';
const spa = 'SPA';

/** Who has to answer at each path, by the names that containers had when they were made. */
export function expectedAnswers(world: World): Answers {
  return {
    '/api/v1.0/config/': answeringTheApi(world),
    '/office/desk': answering(world, 'office'),
    '/files/a-file': answering(world, 'files'),
    '/abc-defg-hij': [spa],
    '/api-abcd-efg': [spa],
  };
}

/** The API's paths are kept free for backends that aren't there yet, unless a backend is there that wants other paths. */
function answeringTheApi(world: World): readonly string[] {
  if (exists(world, 'backend')) return answering(world, 'backend');
  if (exists(world, 'rival')) return answering(world, 'rival');
  return exists(world, 'office') ? [spa] : [nobody];
}

/** A service without any replica has no routes; one whose replicas are all down keeps them. */
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

/** Only the best of these that anybody has is asked. */
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

/** The containers that compose runs at this scale. */
export function scaledNames(scale: number): readonly string[] {
  return Array.from({ length: scale }, (_, index) => `backend-${index + 1}`);
}

/** The frontends that are to serve the routes. */
export function runningFrontends(world: World): readonly Frontend[] {
  return frontends.filter((name) => world.frontends[name] === 'running');
}
