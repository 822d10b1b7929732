import { isIPv4, isIPv6 } from 'node:net';
import { boundLabels } from '../model/label-limits.ts';
import { parsePort } from '../model/nginx-token.ts';
import type { Container, ContainerState, Health, NetworkAttachment } from '../model/container.ts';
import { recordOf, textOf, textsOf } from './foreign-json.ts';

/** One entry of `GET /containers/json`, as far as we read it (Docker Engine API, ContainerSummary). */
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

const states: readonly ContainerState[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

/**
 * Maps the engine's JSON to our own type, once, at the border. A field that is missing or odd counts as absent.
 * @throws Error when the answer is no list, or an entry has no id: that is a partial read, not an empty world
 */
export function containersFromEngine(answer: unknown): readonly Container[] {
  if (!Array.isArray(answer)) throw new Error("the engine's container list is not a list");
  return answer.map((entry) => containerFromEngine(entry as EngineContainer));
}

function containerFromEngine(entry: EngineContainer): Container {
  if (typeof entry?.Id !== 'string' || entry.Id === '') throw new Error("the engine's container list has an entry without an id");
  const name = textsOf(entry.Names).find((candidate) => candidate.lastIndexOf('/') === 0) ?? '';
  return {
    id: entry.Id,
    name: name === '' ? entry.Id.slice(0, 12) : name.slice(1),
    imageId: textOf(entry.ImageID),
    createdAtSeconds: Number.isFinite(entry.Created) ? (entry.Created as number) : 0,
    state: states.find((state) => state === entry.State) ?? 'dead',
    health: healthOf(entry),
    labels: labelsOf(entry.Labels),
    networkMode: textOf(recordOf(entry.HostConfig)['NetworkMode']),
    networks: networksOf(entry.NetworkSettings),
    endpointIds: networkEntries(entry.NetworkSettings).flatMap(([, network]) => textOf(network['EndpointID']) || []),
    exposedTcpPorts: exposedTcpPortsOf(entry.Ports),
  };
}

/** A field of its own from API 1.52 on; before that only in the text: `Up 2 minutes (healthy)`. */
function healthOf(entry: EngineContainer): Health {
  const field = textOf(recordOf(entry.Health)['Status']);
  if (field === 'healthy' || field === 'unhealthy' || field === 'starting') return field;
  const status = textOf(entry.Status);
  if (status.includes('(healthy)')) return 'healthy';
  if (status.includes('(unhealthy)')) return 'unhealthy';
  return status.includes('(health: starting)') ? 'starting' : 'none';
}

function networksOf(settings: unknown): readonly NetworkAttachment[] {
  return networkEntries(settings).map(([name, network]) => {
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

/** Node takes an address with a zone (`fe80::1%eth0`) for one; nginx doesn't. */
function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function prefix<Key extends string>(key: Key, value: unknown, most: number): { readonly [K in Key]?: number } {
  const valid = typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most;
  return (valid ? { [key]: value } : {}) as { readonly [K in Key]?: number };
}

function exposedTcpPortsOf(ports: unknown): readonly number[] {
  const found = (Array.isArray(ports) ? ports : []).flatMap((entry) => {
    const port = recordOf(entry);
    const number = parsePort(String(port['PrivatePort']));
    return port['Type'] === 'tcp' && typeof port['PrivatePort'] === 'number' && number !== undefined ? [number] : [];
  });
  return [...new Set(found)].toSorted((left, right) => left - right);
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(recordOf(value)).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text] as const] : []));
  return boundLabels(Object.fromEntries(texts));
}
