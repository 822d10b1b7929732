import { createHash } from 'node:crypto';

type FakeState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';
export type FakeHealth = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** A container as a test asks for it; what is left out is what `docker run` would give. */
export interface FakeContainerSpec {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Network name to IPv4 address; the engine shows the address only while the container runs. */
  readonly networks?: Readonly<Record<string, string>>;
  readonly prefixLength?: number;
  readonly state?: FakeState;
  readonly health?: FakeHealth;
  readonly image?: string;
  readonly ports?: readonly number[];
  readonly networkMode?: string;
  readonly createdAtSeconds?: number;
}

/** What of a container can change; a new value replaces the old one as a whole. */
export interface FakeLook {
  readonly name: string;
  readonly state: FakeState;
  readonly health: FakeHealth;
  readonly networks: Readonly<Record<string, string>>;
}

/** What of a container stays as it is. */
export interface FakeIdentity {
  readonly id: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly prefixLength: number;
  readonly ports: readonly number[];
  readonly networkMode: string;
  readonly createdAtSeconds: number;
}

/** One entry of `GET /containers/json`, with the fields of the real one that anybody reads. */
export function listEntry(identity: FakeIdentity, look: FakeLook): Readonly<Record<string, unknown>> {
  return {
    Id: identity.id,
    Names: [`/${look.name}`],
    Image: identity.image,
    ImageID: imageIdOf(identity.image),
    Command: '/docker-entrypoint.sh',
    Created: identity.createdAtSeconds,
    Ports: identity.ports.map((port) => ({ PrivatePort: port, Type: 'tcp' })),
    Labels: identity.labels,
    State: look.state,
    Status: statusText(look),
    HostConfig: { NetworkMode: identity.networkMode },
    NetworkSettings: { Networks: networkEntries(identity, look) },
    Mounts: [],
  };
}

function imageIdOf(image: string): string {
  return `sha256:${createHash('sha256').update(image).digest('hex')}`;
}

/** Before API 1.52 the health is in this text alone. */
function statusText({ state, health }: FakeLook): string {
  const text: Readonly<Record<FakeState, string>> = {
    created: 'Created',
    running: 'Up 2 minutes',
    paused: 'Up 2 minutes (Paused)',
    restarting: 'Restarting (1) 2 seconds ago',
    exited: 'Exited (0) 2 seconds ago',
    dead: 'Dead',
  };
  if (state !== 'running' || health === 'none') return text[state];
  return `${text[state]} (${health === 'starting' ? 'health: starting' : health})`;
}

function networkEntries({ prefixLength }: FakeIdentity, { state, networks }: FakeLook): Readonly<Record<string, unknown>> {
  const hasAddress = state === 'running' || state === 'paused';
  return Object.fromEntries(
    Object.entries(networks).map(([network, address]) => [
      network,
      {
        NetworkID: createHash('sha256').update(network).digest('hex'),
        Gateway: '',
        IPAddress: hasAddress ? address : '',
        IPPrefixLen: hasAddress ? prefixLength : 0,
        GlobalIPv6Address: '',
        GlobalIPv6PrefixLen: 0,
      },
    ]),
  );
}
