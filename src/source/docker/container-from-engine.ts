import { isIPv4, isIPv6 } from 'node:net';
import { maxNetworks, maxPortEntries } from '../../model/label-limits.ts';
import { swarmServiceLabel } from '../../model/member.ts';
import { parsePort } from '../../nginx/token.ts';
import { entriesWithoutId } from '../../model/container.ts';
import type { Container, ContainerState, Health, NetworkAttachment } from '../../model/container.ts';
import { maxListed } from './answer-limits.ts';
import { newestDocker } from './engine-profile.ts';
import type { EngineProfile } from './engine-profile.ts';
import { recordOf, textOf, textsOf } from './json-fields.ts';
import { labelsFromEngine } from './labels-from-engine.ts';
import type { ReadLabels } from './labels-from-engine.ts';
import { defined } from '../../util/defined.ts';

/** The fields that meet-gen reads from an entry of `GET /containers/json` (Docker Engine API, ContainerSummary). */
export interface EngineContainer {
  readonly Id?: unknown;
  readonly Names?: unknown;
  readonly ImageID?: unknown;
  readonly Created?: unknown;
  readonly State?: unknown;
  readonly Status?: unknown;
  readonly Health?: unknown;
  readonly Labels?: unknown;
  readonly Ports?: unknown;
  readonly HostConfig?: unknown;
  readonly NetworkSettings?: unknown;
}

/**
 * The states of both engines. Only Podman has the last four (containers/podman, libpod/define/containerstate.go). A
 * stopping container still answers.
 */
const states: ReadonlyMap<unknown, ContainerState> = new Map([
  ...(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const).map((state) => [state, state] as const),
  ['configured', 'created'],
  ['initialized', 'created'],
  ['stopping', 'running'],
  ['stopped', 'exited'],
]);

/** Ids are only compared, so any text is accepted. The engine's ids have 64 characters. */
export const maxIdLength = 256;

/**
 * Maps the engine's JSON to `Container`. A missing field, or one of another type, counts as absent. An entry that can't
 * be read becomes a container with the reason in `unreadable`. All entries without an id become one such container
 * together.
 * @throws Error when the answer isn't a list, or no entry has an id: that doesn't mean that there are no containers
 */
export function containersFromEngine(answer: unknown, profile: EngineProfile = newestDocker): readonly Container[] {
  if (!Array.isArray(answer)) throw new Error("the engine's container list is not a list");
  if (answer.length > maxListed) throw new Error(`the engine's container list has ${answer.length} entries, more than ${maxListed}`);
  const entries = answer.map((entry) => recordOf(entry) as EngineContainer);
  const named = entries.filter(hasId);
  const nameless = entries.length - named.length;
  if (nameless > 0 && named.length === 0) throw new Error("no entry of the engine's container list has a usable id");
  return [...named.map((entry) => containerFromEngine(entry, profile)), ...(nameless === 0 ? [] : [nameOnly(nameless)])];
}

function hasId({ Id: id }: EngineContainer): boolean {
  return typeof id === 'string' && id !== '' && id.length <= maxIdLength;
}

const nothing = {
  imageId: '',
  createdAtSeconds: 0,
  state: 'dead',
  health: 'none',
  labels: {},
  networkMode: '',
  networks: [],
  endpointIds: [],
  exposedTcpPorts: [],
} as const satisfies Partial<Container>;

function nameOnly(count: number): Container {
  return {
    ...nothing,
    id: entriesWithoutId,
    name: entriesWithoutId,
    unreadable: `${count} entries of the engine's list have no usable id`,
  };
}

function containerFromEngine(entry: EngineContainer, profile: EngineProfile): Container {
  const id = textOf(entry.Id);
  const name = textsOf(entry.Names).find((candidate) => candidate.lastIndexOf('/') === 0) ?? '';
  const called = { id, name: name === '' ? id.slice(0, 12) : name.slice(1) };
  const { labels, unreadable } = labelsOf(entry.Labels);
  const refused = tooMany(entry);
  if (refused !== undefined) return { ...nothing, ...called, labels, unreadable: unreadable ?? refused };
  const networks = networksOf(entry.NetworkSettings, labels[swarmServiceLabel] !== undefined);
  return {
    ...called,
    imageId: textOf(entry.ImageID),
    createdAtSeconds: Number.isFinite(entry.Created) ? (entry.Created as number) : 0,
    state: states.get(entry.State) ?? 'dead',
    ...(entry.State === 'stopping' ? { isStopping: true } : {}),
    health: profile.listsHealth ? healthOf(entry) : 'healthy-or-none',
    labels,
    ...defined({ unreadable }),
    networkMode: profile.listsNetworkMode ? textOf(recordOf(entry.HostConfig)['NetworkMode']) : networkModeFrom(networks),
    networks,
    endpointIds: profile.listsEndpointIds ? endpointIdsOf(entry.NetworkSettings) : endpointsFrom(networks),
    exposedTcpPorts: exposedTcpPortsOf(entry.Ports),
  };
}

/**
 * Podman's list has no network mode: its code sets `host` for each container, and a test of the answer has none
 * (containers/podman, pkg/api/handlers/compat/containers.go, LibpodToContainer). Since 5.x a container in host mode has
 * the one network `host`.
 */
function networkModeFrom(networks: readonly NetworkAttachment[]): string {
  return networks.length === 1 && networks[0]?.name === 'host' ? 'host' : '';
}

function endpointIdsOf(settings: unknown): readonly string[] {
  return networkEntries(settings).flatMap(([, network]) => textOf(network['EndpointID']) || []);
}

/** Stands in for the ids: a container that starts again most often gets another address. */
function endpointsFrom(networks: readonly NetworkAttachment[]): readonly string[] {
  return networks.flatMap(({ name, ipv4, ipv6 }) => (ipv4 === undefined && ipv6 === undefined ? [] : [[name, ipv4, ipv6].join(' ')]));
}

/** Checked before networks and ports are read. */
function tooMany({ NetworkSettings: settings, Ports: ports }: EngineContainer): string | undefined {
  const networks = Object.keys(recordOf(recordOf(settings)['Networks'])).length;
  if (networks > maxNetworks) return `it has ${networks} networks, more than ${maxNetworks}`;
  const entries = Array.isArray(ports) ? ports.length : 0;
  return entries > maxPortEntries ? `it has ${entries} ports, more than ${maxPortEntries}` : undefined;
}

/** API 1.52 and newer have a field for it. Older ones have it only in the text: `Up 2 minutes (healthy)`. */
function healthOf(entry: EngineContainer): Health {
  const field = textOf(recordOf(entry.Health)['Status']);
  if (field === 'healthy' || field === 'unhealthy' || field === 'starting') return field;
  const status = textOf(entry.Status);
  if (status.includes('(healthy)')) return 'healthy';
  if (status.includes('(unhealthy)')) return 'unhealthy';
  return status.includes('(health: starting)') ? 'starting' : 'none';
}

/**
 * Leaves out `ingress` of a Swarm task: that network of the routing mesh serves published ports only. A network of
 * compose may have the same name.
 */
function networksOf(settings: unknown, isSwarmTask: boolean): readonly NetworkAttachment[] {
  const usable = networkEntries(settings).filter(([name]) => !isSwarmTask || name !== 'ingress');
  return usable.map(([name, network]) => {
    const ipv4 = textOf(network['IPAddress']);
    const ipv6 = textOf(network['GlobalIPv6Address']);
    const hasIpv6 = isPlainIpv6(ipv6);
    const ipv6Gateway = textOf(network['IPv6Gateway']);
    return {
      name,
      ...(isIPv4(ipv4) ? { ipv4 } : {}),
      ...(isIPv4(ipv4) ? prefix('ipv4PrefixLength', network['IPPrefixLen'], 32) : {}),
      ...(isIPv4(textOf(network['Gateway'])) ? { ipv4Gateway: textOf(network['Gateway']) } : {}),
      ...(hasIpv6 ? { ipv6 } : {}),
      ...(hasIpv6 ? prefix('ipv6PrefixLength', network['GlobalIPv6PrefixLen'], 128) : {}),
      ...(isPlainIpv6(ipv6Gateway) ? { ipv6Gateway } : {}),
    };
  });
}

function networkEntries(settings: unknown): readonly (readonly [name: string, network: Readonly<Record<string, unknown>>])[] {
  return Object.entries(recordOf(recordOf(settings)['Networks'])).map(([name, network]) => [name, recordOf(network)]);
}

/** Node accepts an address with a zone (`fe80::1%eth0`), but nginx doesn't. */
export function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

/** The length of a network's prefix under this key; nothing for any other value. */
export function prefix<Key extends string>(key: Key, value: unknown, most: number): { readonly [K in Key]?: number } {
  const valid = typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most;
  return (valid ? { [key]: value } : {}) as { readonly [K in Key]?: number };
}

function exposedTcpPortsOf(ports: unknown): readonly number[] {
  const found = (Array.isArray(ports) ? ports : []).flatMap((entry) => {
    const { PrivatePort: port, Type: type } = recordOf(entry);
    const number = typeof port === 'number' ? parsePort(String(port)) : undefined;
    return type === 'tcp' && number !== undefined ? [number] : [];
  });
  return [...new Set(found)].toSorted((left, right) => left - right);
}

/** A container without a role gets no problem. */
function labelsOf(value: unknown): ReadLabels {
  const { labels, unreadable } = labelsFromEngine(value);
  return unreadable !== undefined && (!isRecord(value) || Object.hasOwn(value, 'meet.role')) ? { labels, unreadable } : { labels };
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
