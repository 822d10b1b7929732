import * as fc from 'fast-check';
import { allLabels } from '../../src/model/label-table.ts';
import { idOf } from '../support/containers.ts';
import { hostileText } from './hostile-texts.ts';

/** An entry of the engine's list as received: JSON with values of any type. */
export type WireEntry = Readonly<Record<string, unknown>>;

/** The kind of a hostile container, apart from its texts. */
type Kind =
  | 'stranger'
  | 'stranger media'
  | 'stranger router'
  | 'insider'
  | 'insider media'
  | 'insider replica'
  | 'neighbour frontend'
  | 'neighbour backend'
  | 'neighbour service'
  | 'neighbour media';
const kinds: readonly Kind[] = [
  'stranger',
  'stranger',
  'stranger media',
  'stranger router',
  'insider',
  'insider media',
  'insider replica',
  'insider replica',
  'neighbour frontend',
  'neighbour backend',
  'neighbour service',
  'neighbour media',
];

/** Puts a text into a place of an entry. */
type WirePlace = (entry: WireEntry, text: string) => WireEntry;

const project = 'com.docker.compose.project';
const service = 'com.docker.compose.service';

const label =
  (key: string): WirePlace =>
  (entry, text) => ({ ...entry, Labels: { ...(entry['Labels'] as object), [key]: text } });

const field =
  (name: string): WirePlace =>
  (entry, text) => ({ ...entry, [name]: text });

const labelKeys = [
  'meet.role',
  ...allLabels.map((spec) => spec.key.replace('<name>', 'x')),
  project,
  service,
  'com.docker.compose.oneoff',
  'com.docker.stack.namespace',
  'com.docker.swarm.service.name',
];

function withNetwork(entry: WireEntry, name: string, network: object, keep = true): WireEntry {
  const before = (entry['NetworkSettings'] as { Networks?: object } | null)?.Networks ?? {};
  return { ...entry, NetworkSettings: { Networks: { ...(keep ? before : {}), [name]: network } } };
}

/** Changes an entry's data about the network that it shares with its victims. */
function atHome(entry: WireEntry, change: object): WireEntry {
  const networks = (entry['NetworkSettings'] as { Networks?: Readonly<Record<string, object>> } | null)?.Networks ?? {};
  return {
    ...entry,
    NetworkSettings: { Networks: Object.fromEntries(Object.entries(networks).map(([name, so]) => [name, { ...so, ...change }])) },
  };
}

const someAddress = { IPAddress: '10.6.6.6', IPPrefixLen: 8, Gateway: '10.0.0.1', EndpointID: 'e' };

/** Every place in the engine's list that can hold a text. */
export const wirePlaces: Readonly<Record<string, WirePlace>> = {
  ...Object.fromEntries(labelKeys.map((key) => [key, label(key)])),
  'a label key': (entry, text) => label(text)(entry, 'x'),
  "a named route's path and name": (entry, text) => label(`meet.route.${text}.path`)(entry, text),
  "a named route's attribute": (entry, text) => label(`meet.route.x.${text}`)(entry, text),
  'the path of a named route with all there is': (entry, text) =>
    Object.entries({ path: text, port: '8084', strip: 'true', websocket: 'true', proto: 'https' }).reduce(
      (so, [attribute, value]) => label(`meet.route.all.${attribute}`)(so, value),
      entry,
    ),
  "a guard's path": (entry, text) => label('meet.allow.path')(entry, `${text} from 10.0.0.0/8`),
  "a guard's networks": (entry, text) => label('meet.allow.networks')(entry, `/files from ${text}`),
  "a guard's name": (entry, text) => label(`meet.allow.${text}`)(entry, '/x0/in from 10.0.0.0/8'),
  'a meet label key': (entry, text) => label(`meet.${text}`)(entry, 'x'),
  'the name': (entry, text) => ({ ...entry, Names: [`/${text}`] }),
  'the only name there is': (entry, text) => {
    const { [service]: _, ...labels } = (entry['Labels'] ?? {}) as Record<string, string>;
    return { ...entry, Names: [`/${text}`], Labels: labels };
  },
  'a link name': (entry, text) => ({ ...entry, Names: [`/${text}/x`, text, `/${text}`] }),
  'the id': (entry, text) => ({ ...entry, Id: text === '' ? 'x' : text }),
  'the image': field('Image'),
  'the image id': field('ImageID'),
  'the command': field('Command'),
  'the state': field('State'),
  'the status text': field('Status'),
  'being unhealthy': (entry) => ({ ...entry, Health: { Status: 'unhealthy' } }),
  'being older': (entry) => ({ ...entry, Created: 1_600_000_000 }),
  'the health': (entry, text) => ({ ...entry, Health: { Status: text, Log: [{ Output: text }] } }),
  'the network mode': (entry, text) => ({ ...entry, HostConfig: { NetworkMode: text }, NetworkSettings: { Networks: {} } }),
  'a network name': (entry, text) => withNetwork(entry, text, someAddress),
  'the only network name': (entry, text) => withNetwork(entry, text, someAddress, false),
  'the address': (entry, text) => withNetwork(entry, 'extra', { ...someAddress, IPAddress: text, GlobalIPv6Address: text }),
  'the address where others are': (entry, text) => atHome(entry, { IPAddress: text, GlobalIPv6Address: text }),
  'the prefix length where others are': (entry, text) => atHome(entry, { IPPrefixLen: text, GlobalIPv6PrefixLen: text }),
  'the gateway': (entry, text) => withNetwork(entry, 'extra', { ...someAddress, Gateway: text, IPv6Gateway: text }),
  'the endpoint id': (entry, text) => withNetwork(entry, 'extra', { ...someAddress, EndpointID: text }),
  'a port type': (entry, text) => ({
    ...entry,
    Ports: [
      { PrivatePort: 1, Type: text },
      { PrivatePort: text, Type: 'tcp' },
    ],
  }),
};

const wirePlaceNames = Object.keys(wirePlaces);

/** Values of types that the engine never sends: each must count as absent, or cost only its container. */
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e21, 65_536, 1.5, [], {}, [null], [['x']], { __proto__: 'x' }, 'x'.repeat(10_000)),
  fc.json({ maxDepth: 2 }).map((text): unknown => JSON.parse(text)),
);
const oddFields = ['Names', 'ImageID', 'Created', 'State', 'Status', 'Health', 'Labels', 'Ports', 'HostConfig', 'NetworkSettings'];

type Change = { readonly place: string; readonly text: string } | { readonly odd: string; readonly value: unknown };

/** Stands for the name of the victims' instance. */
const victimsWord = 'VICTIMS';
/** Harmless letters, aimed at a victim. */
const pointedText = fc.constantFrom(
  victimsWord,
  `${victimsWord}_default`,
  `container:${victimsWord}-frontend-1`,
  `${victimsWord}-frontend-1`,
  'backend',
  'files',
  'frontend',
  'service',
  'media',
  'livekit',
  'router',
  'minio',
  'storage',
  'minio:9000',
  '/media',
  '/media/recordings',
  '=/media/recordings/x.mp4',
  '/media/files/media-auth',
  '+/api/v1.0/recordings/media-auth/',
  '/files',
  '+/files',
  '/files/',
  '=/files',
  '/api',
  '+/api,/admin/',
  '/api/v1.0/rooms',
  '/,=/',
  'true',
  'none',
  'ip-hash',
  '/x0/deep from 192.0.2.0/24, fd00::/8',
  '/files/admin from 0.0.0.0/0',
  '0.0.0.0/0, ::/0',
  'random-two',
  '100',
);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ place: fc.constantFrom(...wirePlaceNames), text: hostileText }) },
  { weight: 3, arbitrary: fc.record({ place: fc.constantFrom(...wirePlaceNames), text: pointedText }) },
  { weight: 1, arbitrary: fc.record({ odd: fc.constantFrom(...oddFields), value: oddValue }) },
);

/** A few hostile containers, each with at least one hostile text. */
export const hostileSet: fc.Arbitrary<readonly { readonly kind: Kind; readonly changes: readonly Change[] }[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...kinds), changes: fc.array(change, { minLength: 1, maxLength: 3 }) }),
  { minLength: 1, maxLength: 3 },
);
export type HostileSet = typeof hostileSet extends fc.Arbitrary<infer Value> ? Value : never;

function wireEntry(name: string, labels: Readonly<Record<string, string>>, network: string, address: string): WireEntry {
  return {
    Id: idOf(name),
    Names: [`/${name}`],
    Image: 'example:1',
    ImageID: `sha256:${idOf('image')}`,
    Command: 'x',
    Created: 1_700_000_000,
    State: 'running',
    Status: 'Up 2 minutes',
    Labels: labels,
    Ports: [{ PrivatePort: 3000, Type: 'tcp' }],
    HostConfig: { NetworkMode: network },
    NetworkSettings: { Networks: { [network]: { ...someAddress, IPAddress: address, IPPrefixLen: 24 } } },
  };
}

const inProject = (name: string, role: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  'meet.role': role,
  [project]: name,
  [service]: role,
  ...more,
});

const bucket = { 'meet.media.bucket': 'storage' };

/** The instance of a set's victims, also their project. */
export function victimsInstance(index: number): string {
  return `v${index}`;
}

/** The victims of a set: a whole Meet. */
export function victimsOf(index: number): readonly WireEntry[] {
  const name = victimsInstance(index);
  const address = (last: number): string => `172.${16 + Math.floor(index / 250)}.${index % 250}.${last}`;
  return [
    wireEntry(`${name}-frontend-1`, inProject(name, 'frontend', { 'meet.host': `${name}.example.com` }), `${name}_default`, address(2)),
    wireEntry(`${name}-backend-1`, inProject(name, 'backend'), `${name}_default`, address(5)),
    wireEntry(
      `${name}-files-1`,
      inProject(name, 'service', { [service]: 'files', 'meet.paths': '/files', 'meet.allow.staff': '/files/admin from 10.0.0.0/8' }),
      `${name}_default`,
      address(9),
    ),
    wireEntry(`${name}-minio-1`, inProject(name, 'media', { [service]: 'minio', ...bucket }), `${name}_default`, address(10)),
  ];
}

/** The hostile containers of a set as the engine would list them. */
export function attackersOf(set: HostileSet, index: number): readonly WireEntry[] {
  return set.map(({ kind, changes }, nth) => {
    const victims = victimsInstance(index);
    // Sorts before or after the victims by name.
    const own = `${index % 2 === 0 ? 'a' : 'x'}${index}`;
    const address = `172.${16 + Math.floor(index / 250)}.${index % 250}.${100 + nth}`;
    const paths = { 'meet.paths': `/x${nth}`, [service]: `s${nth}` };
    const labels = {
      stranger: inProject(own, 'service', { ...paths, 'meet.instance': victims }),
      'stranger media': inProject(own, 'media', { ...bucket, [service]: `s${nth}`, 'meet.instance': victims }),
      'stranger router': inProject(own, 'router', { 'meet.instance': victims }),
      insider: inProject(victims, 'service', paths),
      'insider media': inProject(victims, 'media', { ...bucket, [service]: `s${nth}` }),
      'insider replica': inProject(victims, 'service', {
        [service]: 'files',
        'meet.paths': `/files,/x${nth}`,
        'meet.allow.staff': '/files/admin from 10.1.0.0/16, fd00::/8',
      }),
      'neighbour frontend': inProject(own, 'frontend'),
      'neighbour backend': inProject(own, 'backend'),
      'neighbour service': inProject(own, 'service', paths),
      'neighbour media': inProject(own, 'media', { ...bucket, [service]: `s${nth}` }),
    }[kind];
    const base = wireEntry(`${own}-${nth}`, labels, `${victims}_default`, address);
    return changes.reduce<WireEntry>(
      (so, step) =>
        'place' in step
          ? (wirePlaces[step.place]?.(so, step.text.replaceAll(victimsWord, victims)) ?? so)
          : { ...so, [step.odd]: step.value },
      base,
    );
  });
}
