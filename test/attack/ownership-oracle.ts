import { BlockList } from 'node:net';
import type { Container, NetworkAttachment } from '../../src/model/container.ts';
import { isComposeOneOff, readMember } from '../../src/model/member.ts';
import type { Member, ServiceMember } from '../../src/model/member.ts';
import type { Labels } from '../../src/model/label-table.ts';
import { compareText } from '../../src/model/untrusted-text.ts';
import type { PathRule } from '../../src/nginx/token.ts';
import { brokenConnections } from './connections-oracle.ts';
import type { Directive } from '../support/nginx-parse.ts';

/** Internal calls, which the status server accepts in every file. */
const webhookPaths = ['/api/v1.0/recordings/storage-hook/', '/api/v1.0/rooms/webhooks-livekit/'];

/*
 * The rules of routing from the documentation, independent of the code under test. Only the grammar of labels is shared
 * with it.
 * - A route belongs to the first service that asks for it: the instance's own project first, then by `project/service`.
 *   A longer path below another service's path is a route of its own.
 * - `/x` is `= /x` and `^~ /x/`. Where only `^~ /x/` is asked for, `= /x` goes to its owner without that route.
 * - A named route comes before `meet.paths` of its service; among named routes the first by name holds. It leads to
 *   the service's addresses, at its own port and protocol if set. A stripped path goes on without its prefix and begins
 *   with a slash.
 * - `meet.allow` names a path of its own service and the networks that may reach it; the narrowest path that covers a
 *   location holds. Below a route of the service the path is a location of its own with the same target. An unreadable
 *   guard closes. Without a replica in rotation there is nothing to guard.
 * - A service with such a label, and S3, take plain paths only, at all their locations.
 * - Without a backend the preset stays reserved and answers 503.
 * - Replicas share project, name and role; a `service` with a backend's name is a service of its own. For each key the
 *   newest readable value among the replicas in rotation holds; guards of all replicas in rotation hold together. The
 *   servers in the file show which replicas are in rotation.
 * - Files (`/media/recordings/`, `/media/files/`) belong to the media container alone, with or without one. A path
 *   there, the folder included, goes to no other service. Files need a bucket, and the backend that has the API;
 *   otherwise they answer 503.
 * - Only these two locations lead to S3, each behind `auth_request`, never in one upstream with a service.
 * - The status server accepts the two internal calls and passes them to the backend that has the API; otherwise they
 *   answer 503.
 * - A service's upstream has the addresses of its own containers; for a container in host mode these are the frontends'
 *   gateways.
 */

const preset = ['/api', '/admin', '/static', '/oidc', '/healthz', '/webhook', '/external-api', '/jwks', '/__lbheartbeat__'];

const files = ['^~ /media/files/', '^~ /media/recordings/'];
const isFiles = (rule: string): boolean => files.some((own) => `${rule.replace(/^\S+ /, '')}/`.startsWith(own.slice(3)));

const reserved = preset.flatMap((path) => [`= ${path}`, `^~ ${path}/`]);

/** A rule, and how its target differs from the service itself. */
interface Claim {
  readonly rule: string;
  readonly port?: number;
  readonly proto?: string;
  /** The stripped prefix. */
  readonly prefix?: string;
}

interface Claimant {
  readonly title: string;
  readonly upstream: string;
  readonly isOwn: boolean;
  readonly role: string;
  readonly bucket: string | undefined;
  readonly rules: readonly Claim[];
  readonly addresses: ReadonlySet<string>;
  /** The labels of each replica that decides. */
  readonly guards: readonly NonNullable<Labels['allow']>[];
}

/** The parsed labels of containers, by instance; parsed once for all checks. */
export type Members = ReadonlyMap<string, readonly Member[]>;

export function readMembers(containers: readonly Container[]): Members {
  const byInstance = new Map<string, Member[]>();
  for (const container of containers) {
    const { member } = readMember(container);
    if (member === undefined) continue;
    const others = byInstance.get(member.instance);
    if (others === undefined) byInstance.set(member.instance, [member]);
    else others.push(member);
  }
  return byInstance;
}

/** The broken rules of an instance's file, as lines of text; empty for a good file. */
export function brokenOwnership(ownProject: string, members: readonly Member[], tree: readonly Directive[]): readonly string[] {
  const claimants = claimantsOf(ownProject, members, tree);
  const owners = ownersOf(claimants);
  const upstreams = new Set(tree.flatMap(({ name, args: [upstream = ''] }) => (name === 'upstream' ? [upstream] : [])));
  return [
    ...wrongLocations(owners, locationsOf(tree), upstreams),
    ...wrongGuards(owners, tree),
    ...wrongPathChecks(owners, tree),
    ...wrongAddresses(claimants, tree),
    ...openFiles(claimants, tree),
    ...wrongCalls(owners, tree, upstreams),
    ...wrongSpa(ownProject, members, tree),
    ...brokenConnections(tree),
  ];
}

/** A frontend with the label of the instance's own project is one of its frontends: its labels and networks count. */
export function hasForeignOwnFrontend(ownProject: string, members: readonly Member[], ours: ReadonlySet<string>): boolean {
  return members.some(
    ({ container, role, project }) => !ours.has(container.id) && (role === 'frontend' || role === 'router') && project === ownProject,
  );
}

function claimantsOf(ownProject: string, members: readonly Member[], tree: readonly Directive[]): readonly Claimant[] {
  const groups = new Map<string, ServiceMember[]>();
  const lasting = members.flatMap((member) => ('service' in member && !isComposeOneOff(member.container) ? [member] : []));
  for (const member of lasting) {
    const key = JSON.stringify([member.project, member.service, member.role]);
    groups.set(key, [...(groups.get(key) ?? []), member]);
  }
  const gateways = members.flatMap(({ role, container }) =>
    role === 'frontend' || role === 'router' ? container.networks.flatMap(gatewaysOf) : [],
  );
  const placesOf = ({ container }: Member): readonly string[] =>
    container.networkMode === 'host' ? gateways : container.networks.flatMap(addressesOf);
  return [...groups.values()].flatMap((replicas) => {
    const [{ project, service, role } = { project: undefined, service: '', role: '' }] = replicas;
    const isApart = role === 'service' && groups.has(JSON.stringify([project, service, 'backend']));
    const name = `${service.replace(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`)}${isApart ? '~service' : ''}`;
    const isMedia = role === 'media';
    const upstream = `meet${isMedia ? '-media' : ''}_${project ?? ''}.${name}`;
    const servers = serversOf(tree, upstream);
    const isServing = (replica: ServiceMember): boolean =>
      placesOf(replica).some(
        (address) => servers.get(address) === 'server' || (servers.has(address) && replica.container.health !== 'starting'),
      );
    const deciding = [replicas.filter(isServing), ...likelyDeciders(ownProject, members, replicas)].find((some) => some.length > 0) ?? [];
    const newestFirst = deciding.toSorted(byAge).toReversed();
    const settle = <Value>(key: string, read: (labels: Labels) => Value | undefined): Value | undefined => {
      const holder = newestFirst.find(({ flawed }) => !flawed.has(key)) ?? newestFirst.find(({ labels }) => read(labels) !== undefined);
      return holder === undefined ? undefined : read(holder.labels);
    };
    const paths = settle('meet.paths', (labels) => labels.paths);
    const names = new Set(newestFirst.flatMap(({ labels }) => (labels.routes ?? []).map((route) => route.name)));
    const routes = [...names]
      .toSorted(compareText)
      .flatMap((one) => settle(`meet.route.${one}`, (labels) => labels.routes?.find((route) => route.name === one)) ?? []);
    const named = routes.flatMap(({ path: rules, port, proto, strip }) =>
      rules.map((rule): Claim => {
        const prefix = strip === true && rule.path !== '/' ? rule.path.replace(/\/$/, '') : undefined;
        const more = { ...(port === undefined ? {} : { port }), ...(proto === undefined ? {} : { proto }) };
        return { rule: ruleOf(rule), ...more, ...(prefix === undefined ? {} : { prefix }) };
      }),
    );
    const usual = role === 'backend' && paths?.replacesPreset !== true ? reserved : [];
    const title = `${service}${isApart ? '~service' : ''}`;
    return [
      {
        title: project === undefined ? title : `${project}/${title}`,
        upstream,
        isOwn: project === ownProject,
        role,
        guards: newestFirst.flatMap(({ labels }) => labels.allow ?? []),
        bucket: settle('meet.media.bucket', (labels) => labels.mediaBucket),
        rules: isMedia
          ? files.map((rule) => ({ rule }))
          : [...named, ...[...usual, ...(paths?.rules.map(ruleOf) ?? [])].map((rule) => ({ rule }))].filter(({ rule }) => !isFiles(rule)),
        addresses: new Set(replicas.flatMap(placesOf)),
      },
    ];
  });
}

/**
 * The replicas that decide for a service without an upstream in the file: the healthiest of the usable replicas. Usable
 * are running replicas with a port and a network of the frontends.
 */
function likelyDeciders(
  ownProject: string,
  members: readonly Member[],
  replicas: readonly ServiceMember[],
): readonly (readonly ServiceMember[])[] {
  const frontends = members.filter(({ role, project }) => project === ownProject && (role === 'frontend' || role === 'router'));
  const running = replicas.filter(({ container }) => container.state === 'running');
  const near = running
    .filter(hasPort)
    .filter(({ container: { networks } }) =>
      networks.some(
        (network) =>
          addressesOf(network).length > 0 &&
          frontends.some(({ container }) => container.networks.some(({ name }) => name === network.name)),
      ),
    );
  const byHealth = (['ready', 'starting', 'unhealthy', 'drained'] as const).map((wanted) =>
    near.filter((replica) => healthOf(replica) === wanted),
  );
  return [...byHealth, running, replicas];
}

/** Only the role `service` has no default port. */
function hasPort({ role, labels, container: { exposedTcpPorts } }: ServiceMember): boolean {
  return (
    role !== 'service' ||
    labels.port !== undefined ||
    exposedTcpPorts.length > 0 ||
    (labels.routes ?? []).some(({ port }) => port !== undefined)
  );
}

function healthOf({ container: { health }, labels }: ServiceMember): 'ready' | 'starting' | 'unhealthy' | 'drained' {
  if (labels.drain === true) return 'drained';
  return labels.health?.by === 'none' || (health !== 'starting' && health !== 'unhealthy') ? 'ready' : health;
}

/** The addresses in an upstream without ports, and whether each is a backup. */
function serversOf(tree: readonly Directive[], upstream: string): ReadonlyMap<string, 'server' | 'backup'> {
  const blocks = tree.filter(({ name, args: [found = ''] }) => name === 'upstream' && withoutEnd(found) === upstream);
  const lines = blocks.flatMap(({ block }) => (block ?? []).filter(({ name }) => name === 'server'));
  return new Map(lines.map(({ args }) => [(args[0] ?? '').replace(/:\d+$/, ''), args.includes('backup') ? 'backup' : 'server']));
}

/** The service's upstream at any port, with or without kept connections. */
function withoutEnd(upstream: string): string {
  return upstream.replace(/(?:\+\d+)?(?:~kept)?$/, '');
}

function ruleOf({ kind, path }: PathRule): string {
  return `${kind === 'exact' ? '=' : '^~'} ${path}`;
}

function addressesOf({ ipv4, ipv6 }: NetworkAttachment): readonly string[] {
  return [...(ipv4 === undefined ? [] : [ipv4]), ...(ipv6 === undefined ? [] : [`[${ipv6}]`])];
}

function gatewaysOf({ ipv4Gateway, ipv6Gateway }: NetworkAttachment): readonly string[] {
  return [...(ipv4Gateway === undefined ? [] : [ipv4Gateway]), ...(ipv6Gateway === undefined ? [] : [`[${ipv6Gateway}]`])];
}

function byAge(left: ServiceMember, right: ServiceMember): number {
  return left.container.createdAtSeconds - right.container.createdAtSeconds || compareText(right.container.id, left.container.id);
}

/** The owner of a rule, and the label that asks for it. */
interface Owner extends Claim {
  readonly claimant: Claimant;
}

function ownersOf(claimants: readonly Claimant[]): ReadonlyMap<string, Owner> {
  const nobody = { title: '', upstream: 'nobody', isOwn: true, bucket: undefined, addresses: new Set<string>(), guards: [] };
  const without = (wanted: string, rules: readonly string[]): readonly Claimant[] =>
    claimants.some(({ role }) => role === wanted) ? [] : [{ ...nobody, role: wanted, rules: rules.map((rule) => ({ rule })) }];
  const missing = [...without('backend', reserved), ...without('media', files)];
  const inOrder = claimants.toSorted((left, right) => Number(right.isOwn) - Number(left.isOwn) || compareText(left.title, right.title));
  const owners = new Map<string, Owner>();
  for (const claimant of [...inOrder, ...missing])
    for (const claim of claimant.rules) if (!owners.has(claim.rule)) owners.set(claim.rule, { ...claim, claimant });
  return new Map([...guardedParts(inOrder, owners), ...owners]);
}

/** The paths of `meet.allow` below a route of the same service. */
function guardedParts(claimants: readonly Claimant[], owners: ReadonlyMap<string, Owner>): readonly (readonly [string, Owner])[] {
  return claimants.flatMap((claimant) =>
    claimant.guards.flatMap(({ rules: labels }) =>
      labels
        .flatMap(({ rules }) => rules)
        .flatMap((rule) => {
          const above = ownerAbove(owners, rule.path);
          return above?.claimant === claimant ? [[ruleOf(rule), { ...above, rule: ruleOf(rule) }] as const] : [];
        }),
    ),
  );
}

/**
 * The `allow` lines of a location of this service: the networks that every replica lets in; undefined for none, without
 * `deny`.
 */
function expectedAllow({ guards }: Claimant, location: string): readonly string[] | undefined {
  const each = guards.flatMap((one) => {
    const allowed = allowedByOne(one, location);
    return allowed === undefined ? [] : [allowed];
  });
  const [first, ...others] = each;
  if (first === undefined) return undefined;
  const shared = others.reduce((so, list) => [...so.filter((one) => isIn(one, list)), ...list.filter((one) => isIn(one, so))], first);
  return [...new Set(shared)].toSorted(compareText);
}

function allowedByOne({ rules, closesAll }: NonNullable<Labels['allow']>, location: string): readonly string[] | undefined {
  if (closesAll) return [];
  const path = location.replace(/^\S+ /, '');
  const covering = rules.flatMap(({ rules: paths, networks }) =>
    paths
      .filter((rule) => (rule.kind === 'exact' ? location === `= ${rule.path}` : path.startsWith(rule.path)))
      .map((rule) => ({ narrowness: rule.kind === 'exact' ? Infinity : rule.path.length, networks })),
  );
  if (covering.length === 0) return undefined;
  const narrowest = Math.max(...covering.map(({ narrowness }) => narrowness));
  const holding = covering.filter(({ narrowness }) => narrowness === narrowest);
  return holding.some(({ networks }) => networks.length === 0) ? [] : [...new Set(holding.flatMap(({ networks }) => networks))];
}

/** Whether one of these networks contains the whole network. */
function isIn(network: string, others: readonly string[]): boolean {
  const [address, length, family] = splitNetwork(network);
  return others.some((other) => {
    const [otherAddress, otherLength, otherFamily] = splitNetwork(other);
    const list = new BlockList();
    list.addSubnet(otherAddress, otherLength, otherFamily);
    return family === otherFamily && otherLength <= length && list.check(address, family);
  });
}

function splitNetwork(network: string): readonly [address: string, length: number, family: 'ipv4' | 'ipv6'] {
  const [address = '', length] = network.split('/');
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  return [address, length === undefined ? (family === 'ipv4' ? 32 : 128) : Number(length), family];
}

function wrongGuards(owners: ReadonlyMap<string, Owner>, tree: readonly Directive[]): readonly string[] {
  return routingLocations(tree).flatMap(({ args, block }) => {
    const rule = args.join(' ');
    const owner = owners.get(rule) ?? ownerWithoutSlash(owners, rule);
    const lines = (block ?? [])
      .filter(({ name }) => name === 'allow' || name === 'deny')
      .map((line) => `${line.name} ${line.args.join(' ')}`);
    const isOpen = owner === undefined || owner === 'spa' || !(block ?? []).some(({ name }) => name === 'proxy_pass');
    const allow = isOpen ? undefined : expectedAllow(owner.claimant, rule);
    const expected = allow === undefined ? [] : [...allow.map((network) => `allow ${network}`), 'deny all'];
    return lines.join('; ') === expected.join('; ') ? [] : [`${rule} says "${lines.join('; ')}" instead of "${expected.join('; ')}"`];
  });
}

/** The locations that accept an ambiguous path, or refuse a path without a reason: the first directive decides. */
function wrongPathChecks(owners: ReadonlyMap<string, Owner>, tree: readonly Directive[]): readonly string[] {
  return routingLocations(tree).flatMap(({ args, block = [] }) => {
    const rule = args.join(' ');
    const owner = owners.get(rule) ?? ownerWithoutSlash(owners, rule);
    if (owner === undefined || !block.some(({ name }) => name === 'proxy_pass')) return [];
    const expected = owner !== 'spa' && (owner.claimant.guards.length > 0 || owner.claimant.role === 'media');
    const isChecked = block[0]?.name === 'if' && block[0].args.join(' ') === '($meet_path != plain)';
    return isChecked === expected ? [] : [`${rule} takes ${isChecked ? 'plain paths only' : 'any path'}`];
  });
}

/** The directives of one of the two servers: only the status server checks the client's address. */
function serverOf(tree: readonly Directive[], wanted: 'routing' | 'status'): readonly Directive[] {
  const servers = tree.flatMap(({ name, block }) => (name === 'server' ? [block ?? []] : []));
  return servers.filter((block) => block.some(({ name }) => name === 'deny') === (wanted === 'status')).flat();
}

/** The target of each `= /x` and `^~ /x/` of the routing server: an upstream, or `503`. */
function locationsOf(tree: readonly Directive[]): readonly (readonly [rule: string, target: string])[] {
  return routingLocations(tree).map(({ args, block }) => [
    args.join(' '),
    (block ?? []).find(({ name }) => name === 'proxy_pass')?.args[0] ?? '503',
  ]);
}

function routingLocations(tree: readonly Directive[]): readonly Directive[] {
  return serverOf(tree, 'routing')
    .filter(({ name, args }) => name === 'location' && args.length === 2)
    .filter(({ args, block }) => !isEntrance(args) && !(block ?? []).some(({ name }) => name === 'internal'));
}

function passedTo(block: Directive['block']): string | undefined {
  const pass = (block ?? []).find(({ name }) => name === 'proxy_pass')?.args[0];
  return pass?.replace(/^https?:\/\//, '').split('/')[0];
}

/**
 * The backend's upstream for nginx's own requests to a path of the API; absent for a route with another protocol or
 * path.
 */
function backendFor(owners: ReadonlyMap<string, Owner>, asked: string): string | undefined {
  const above = [...owners].filter(
    ([own, { claimant }]) =>
      claimant.role === 'backend' && (own === `= ${asked}` || (own.startsWith('^~ ') && asked.startsWith(own.slice(3)))),
  );
  const owner = above.toSorted(
    ([left], [right]) => Number(right.startsWith('=')) - Number(left.startsWith('=')) || right.length - left.length,
  )[0]?.[1];
  return owner === undefined || owner.prefix !== undefined || owner.proto === 'https' ? undefined : upstreamOf(owner);
}

/** The status server proxies only these two calls to the backend, and needs a public host for them. */
function wrongCalls(owners: ReadonlyMap<string, Owner>, tree: readonly Directive[], upstreams: ReadonlySet<string>): readonly string[] {
  const locations = serverOf(tree, 'status').filter(({ name }) => name === 'location');
  const hasHost = !locations.some(({ args }) => args[0] === '@meet_no_host');
  const found = new Map(locations.map(({ args, block }) => [args.join(' '), passedTo(block)]));
  const wrong = webhookPaths.flatMap((path) => {
    const backend = backendFor(owners, path);
    const expected = hasHost && backend !== undefined && upstreams.has(backend) ? backend : undefined;
    return found.get(`= ${path}`) === expected ? [] : [`${path} from inside goes to ${found.get(`= ${path}`)} instead of ${expected}`];
  });
  const others = [...found].filter(([rule, target]) => target !== undefined && !webhookPaths.includes(rule.slice(2)));
  return [...wrong, ...others.map(([rule]) => `the status server proxies ${rule}`)];
}

/**
 * The SPA is in the same container, with the other frontends as backups; behind a router of the own project it is in
 * the frontends. Frontends of other projects are never among them.
 */
function wrongSpa(ownProject: string, members: readonly Member[], tree: readonly Directive[]): readonly string[] {
  const lasting = members.filter(({ container, project }) => project === ownProject && !isComposeOneOff(container));
  const hasRouter = lasting.some(({ role }) => role === 'router');
  const frontends = lasting.filter(({ role }) => role === 'frontend');
  const own = new Set(
    frontends.flatMap(({ container }) => [...container.networks.flatMap(addressesOf), ...container.networks.flatMap(gatewaysOf)]),
  );
  const spa = tree.find(({ name, args }) => name === 'upstream' && args[0] === 'meet-spa')?.block ?? [];
  const servers = spa.filter(({ name }) => name === 'server').map(({ args }) => (args[0] ?? '').replace(/:\d+$/, ''));
  const wrong = servers.filter((server) => !own.has(server) && (hasRouter || server !== '127.0.0.1'));
  return [
    ...wrong.map((server) => `the SPA is asked at ${server}`),
    ...(hasRouter || servers.includes('127.0.0.1') ? [] : ["the SPA isn't the frontend's own"]),
  ];
}

/** The location for meet-gen's own requests. */
function isEntrance(args: readonly string[]): boolean {
  return /^= \/meet-gen!live-[0-9a-f]{16}$/.test(args.join(' '));
}

/** Every way to S3 besides the two locations that ask a backend first. */
function openFiles(claimants: readonly Claimant[], tree: readonly Directive[]): readonly string[] {
  const backends = new Set(claimants.flatMap(({ role, upstream }) => (role === 'backend' ? [upstream] : [])));
  const ofStorage = new Set(claimants.flatMap(({ role, addresses }) => (role === 'media' ? [...addresses] : [])));
  const ofOthers = new Set(claimants.flatMap(({ role, addresses }) => (role === 'media' ? [] : [...addresses])));
  const locations = tree.flatMap((top) => (top.name === 'server' ? (top.block ?? []) : [])).filter(({ name }) => name === 'location');
  const open = locations.flatMap(({ args, block }) => {
    if (passedTo(block)?.startsWith('meet-media_') !== true) return [];
    const rule = args.join(' ');
    const auth = `${rule.slice(3)}media-auth`;
    const inner = locations.find((other) => other.args.join(' ') === `= ${auth}`)?.block;
    const asks = (block ?? []).some(({ name, args: [path] }) => name === 'auth_request' && path === auth);
    const isClosed = files.includes(rule) && asks && (inner ?? []).some(({ name }) => name === 'internal');
    return isClosed && backends.has((passedTo(inner) ?? '').replace(/[+][0-9]+$/, '')) ? [] : [`${rule} gives files out unasked`];
  });
  const mixed = tree.flatMap(({ name, args: [upstream = ''], block }) => {
    if (name !== 'upstream' || upstream.startsWith('meet-media_')) return [];
    const servers = (block ?? []).map(({ args }) => (args[0] ?? '').replace(/:\d+$/, ''));
    return servers
      .filter((server) => ofStorage.has(server) && !ofOthers.has(server))
      .map((server) => `${upstream} leads to S3 at ${server}`);
  });
  return [...open, ...mixed];
}

function wrongLocations(
  owners: ReadonlyMap<string, Owner>,
  locations: readonly (readonly [string, string])[],
  upstreams: ReadonlySet<string>,
): readonly string[] {
  const found = new Map(locations);
  const twice = found.size === locations.length ? [] : ['a location stands there twice'];
  const missing = [...owners.keys()].flatMap((rule) => (found.has(rule) ? [] : [`missing: ${rule}`]));
  const wrong = locations.flatMap(([rule, target]) => {
    const owner = owners.get(rule) ?? ownerWithoutSlash(owners, rule);
    if (owner === undefined) return [`nobody asks for ${rule}`];
    const auth =
      owner !== 'spa' && owner.claimant.role === 'media' ? backendFor(owners, `/api/v1.0/${rule.split('/')[2]}/media-auth/`) : undefined;
    const isServed =
      owner === 'spa' || owner.claimant.role !== 'media' || (owner.claimant.bucket !== undefined && upstreams.has(auth ?? ''));
    const expected =
      owner === 'spa' ? (upstreams.has('meet-spa') ? 'http://meet-spa' : '503') : isServed ? targetOf(owner, rule, upstreams) : '503';
    return target === expected ? [] : [`${rule} goes to ${target} instead of ${expected}`];
  });
  return [...twice, ...missing, ...wrong];
}

function upstreamOf({ claimant, port }: Owner): string {
  return `${claimant.upstream}${port === undefined ? '' : `+${port}`}`;
}

function targetOf(owner: Owner, rule: string, upstreams: ReadonlySet<string>): string {
  const { claimant, proto = 'http', prefix } = owner;
  const upstream = upstreamOf(owner);
  const path = rule.replace(/^\S+ /, '');
  const stripped = prefix === undefined ? '' : path.slice(prefix.length) || '/';
  const uri = claimant.role === 'media' ? `/${claimant.bucket}${path.slice('/media'.length)}` : stripped;
  return upstreams.has(upstream) ? `${proto}://${upstream}${uri}` : '503';
}

function ownerWithoutSlash(owners: ReadonlyMap<string, Owner>, rule: string): Owner | 'spa' | undefined {
  const path = rule.startsWith('= ') ? rule.slice(2) : '';
  if (files.includes(`^~ ${path}/`)) return 'spa';
  return owners.has(`^~ ${path}/`) ? (ownerAbove(owners, path) ?? 'spa') : undefined;
}

function ownerAbove(owners: ReadonlyMap<string, Owner>, path: string): Owner | undefined {
  const above = [...owners].filter(([other]) => other.startsWith('^~ ') && path.startsWith(other.slice(3)));
  return above.toSorted(([left], [right]) => right.length - left.length)[0]?.[1];
}

function wrongAddresses(claimants: readonly Claimant[], tree: readonly Directive[]): readonly string[] {
  const byUpstream = new Map(claimants.map((claimant) => [claimant.upstream, claimant]));
  return tree.flatMap(({ name, args: [upstream = ''], block }) => {
    if (name !== 'upstream' || withoutEnd(upstream) === 'meet-spa') return [];
    const own = byUpstream.get(withoutEnd(upstream))?.addresses ?? new Set<string>();
    const named = (block ?? []).filter((directive) => directive.name === 'server').map(({ args }) => args[0] ?? '');
    const servers = named.filter((server) => !own.has(server.replace(/:\d+$/, '')));
    return servers.map((server) => `${upstream} has the address ${server} of somebody else`);
  });
}
