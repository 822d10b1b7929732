import { createHash } from 'node:crypto';
import { kinds, podmanEntry } from './kind.ts';
import type { FakeKind } from './kind.ts';

/** Only Podman has the states `stopping` and `stopped`. */
type FakeState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead' | 'stopping' | 'stopped';
export type FakeHealth = 'none' | 'starting' | 'healthy' | 'unhealthy';

/**
 * A container's addresses on one network. The engine shows no field that is left out. The gateway is the subnet's first
 * address.
 */
export interface FakeAttachment {
  readonly ipv4?: string;
  readonly gateway?: string;
  readonly ipv6?: string;
  readonly ipv6Gateway?: string;
}

/** By network name. A text is the IPv4 address. */
type FakeNetworks = Readonly<Record<string, string | FakeAttachment>>;

/** A container as a test describes it. The defaults are those of `docker run`. */
export interface FakeContainerSpec {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The engine shows the addresses only while the container runs. */
  readonly networks?: FakeNetworks;
  readonly prefixLength?: number;
  readonly state?: FakeState;
  readonly health?: FakeHealth;
  readonly image?: string;
  readonly ports?: readonly number[];
  /** `host` and `container:<id>` have no networks. */
  readonly networkMode?: string;
  readonly createdAtSeconds?: number;
}

/** The parts of a container that can change. A new value replaces the whole old value. */
export interface FakeLook {
  readonly name: string;
  readonly state: FakeState;
  readonly health: FakeHealth;
  readonly networks: Readonly<Record<string, FakeAttachment>>;
  /** How often it has started. Each start gives it new endpoints. */
  readonly starts: number;
}

/** The parts of a container that never change. */
export interface FakeIdentity {
  readonly id: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly prefixLength: number;
  readonly ports: readonly number[];
  readonly networkMode: string;
  readonly createdAtSeconds: number;
}

/** The networks that a container gets. A container in another network namespace has no networks. */
export function attachmentsOf({ networks = {}, networkMode = '' }: FakeContainerSpec): FakeLook['networks'] {
  if (networkMode === 'host') return { host: {} };
  if (networkMode.startsWith('container:')) return {};
  return Object.fromEntries(Object.entries(networks).map(([network, place]) => [network, attachmentOf(place)]));
}

/** The long form of an attachment. */
export function attachmentOf(place: string | FakeAttachment): FakeAttachment {
  return typeof place === 'string' ? { ipv4: place } : place;
}

const entryTexts = { withHealthField: new WeakMap<FakeLook, string>(), without: new WeakMap<FakeLook, string>() };

/** An entry of `GET /containers/json` as JSON, as this engine prints it. */
export function listEntryTextOf(kind: FakeKind, identity: FakeIdentity, look: FakeLook, hasHealthField: boolean): string {
  if (!kinds[kind].isPodman) return listEntryText(identity, look, hasHealthField);
  return JSON.stringify(podmanEntry(kind, listEntry(identity, look, false)));
}

/**
 * An entry of `GET /containers/json` as JSON, with the fields that clients read. Cached for each look: with 10,000
 * containers, building the list would block the test.
 * @param hasHealthField API 1.52 and later have a field for the health
 */
function listEntryText(identity: FakeIdentity, look: FakeLook, hasHealthField: boolean): string {
  const known = hasHealthField ? entryTexts.withHealthField : entryTexts.without;
  const text = known.get(look) ?? JSON.stringify(listEntry(identity, look, hasHealthField));
  known.set(look, text);
  return text;
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- the type is long, and the text below shows it
function listEntry(identity: FakeIdentity, look: FakeLook, hasHealthField: boolean) {
  return {
    Id: identity.id,
    Names: [`/${look.name}`],
    Image: identity.image,
    ImageID: imageIdOf(identity.image),
    Command: '/docker-entrypoint.sh',
    Created: identity.createdAtSeconds,
    // The real engine lists the ports of running containers whose networks aren't internal.
    Ports: look.state === 'running' && hasOwnNetwork(identity) ? identity.ports.map((port) => ({ PrivatePort: port, Type: 'tcp' })) : [],
    Labels: identity.labels,
    State: look.state,
    Status: statusText(look),
    ...(hasHealthField ? { Health: { Status: look.health, FailingStreak: 0 } } : {}),
    HostConfig: { NetworkMode: identity.networkMode },
    NetworkSettings: { Networks: networkEntries(identity, look) },
    Mounts: [],
  };
}

function hasOwnNetwork({ networkMode }: FakeIdentity): boolean {
  return networkMode !== 'host' && !networkMode.startsWith('container:');
}

/** `GET /containers/<id>/json` as JSON: a secret in the environment, and the fields that frontends need. */
export function inspectionText({ id, ports }: FakeIdentity): string {
  const exposed = Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}]));
  return JSON.stringify({
    Id: id,
    Config: { Env: ['DB_PASSWORD=secret-of-the-environment'], ExposedPorts: exposed, StopSignal: 'SIGQUIT' },
    HostConfig: { RestartPolicy: { Name: 'always' } },
    Mounts: [{ Type: 'volume', Source: '/volumes/routing', Destination: '/etc/nginx/meet-routing' }],
  });
}

function imageIdOf(image: string): string {
  return `sha256:${digestOf(image)}`;
}

const digests = new Map<string, string>();

/** A container's id, made from its name. */
export function digestOf(text: string): string {
  const known = digests.get(text) ?? createHash('sha256').update(text).digest('hex');
  digests.set(text, known);
  return known;
}

/** Before API 1.52, only this text has the health. */
function statusText({ state, health }: FakeLook): string {
  const text: Readonly<Record<FakeState, string>> = {
    created: 'Created',
    running: 'Up 2 minutes',
    paused: 'Up 2 minutes (Paused)',
    restarting: 'Restarting (1) 2 seconds ago',
    exited: 'Exited (0) 2 seconds ago',
    dead: 'Dead',
    stopping: 'Stopping',
    stopped: 'Exited (0) 2 seconds ago',
  };
  if (state !== 'running' || health === 'none') return text[state];
  return `${text[state]} (${health === 'starting' ? 'health: starting' : health})`;
}

function networkEntries({ id, prefixLength }: FakeIdentity, look: FakeLook): Readonly<Record<string, object>> {
  const hasAddress = look.state === 'running' || look.state === 'paused' || look.state === 'stopping';
  return Object.fromEntries(
    Object.entries(look.networks).map(([network, place]) => [
      network,
      {
        NetworkID: digestOf(network),
        EndpointID: hasAddress ? createHash('sha256').update(`${id} ${network} ${look.starts}`).digest('hex') : '',
        ...(hasAddress ? addressFields(place, prefixLength) : addressFields({}, 0)),
      },
    ]),
  );
}

const ipv6PrefixLength = 64;

function addressFields({ ipv4, gateway, ipv6, ipv6Gateway }: FakeAttachment, prefixLength: number): Readonly<Record<string, unknown>> {
  return {
    Gateway: gateway ?? (ipv4 === undefined ? '' : firstAddress(ipv4, prefixLength)),
    IPAddress: ipv4 ?? '',
    IPPrefixLen: ipv4 === undefined ? 0 : prefixLength,
    IPv6Gateway: ipv6Gateway ?? '',
    GlobalIPv6Address: ipv6 ?? '',
    GlobalIPv6PrefixLen: ipv6 === undefined ? 0 : ipv6PrefixLength,
  };
}

/** The default gateway that the engine gives a network. */
function firstAddress(ipv4: string, prefixLength: number): string {
  const asNumber = ipv4.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const subnetSize = 2 ** (32 - prefixLength);
  const first = Math.floor(asNumber / subnetSize) * subnetSize + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
}
