import { createHash } from 'node:crypto';
import type { Container, ContainerState, Health, NetworkAttachment, Note, Observation } from '../../src/model/container.ts';

/** A short description of a container, for test data and golden cases. */
export interface ContainerSketch {
  readonly name: string;
  /** Compose's project and service, which become labels. */
  readonly project?: string;
  readonly service?: string;
  readonly oneOff?: boolean;
  readonly state?: ContainerState;
  readonly health?: Health;
  /** Seconds since 1970. */
  readonly created?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Addresses by network: `172.18.0.5/16`, `fd00::5/64`, both separated by a space, or an empty text for no address.
   */
  readonly networks?: Readonly<Record<string, string>>;
  readonly networkMode?: string;
  readonly endpointIds?: readonly string[];
  readonly ports?: readonly number[];
  readonly id?: string;
  readonly imageId?: string;
}

/** Builds a container from its sketch. The defaults are those of a running container without health check. */
export function container(sketch: ContainerSketch): Container {
  return {
    id: sketch.id ?? idOf(sketch.name),
    name: sketch.name,
    imageId: sketch.imageId ?? `sha256:${idOf('image')}`,
    createdAtSeconds: sketch.created ?? 1_700_000_000,
    state: sketch.state ?? 'running',
    health: sketch.health ?? 'none',
    labels: labelsOf(sketch),
    networkMode: sketch.networkMode ?? Object.keys(sketch.networks ?? {})[0] ?? 'bridge',
    networks: Object.entries(sketch.networks ?? {}).map(([name, addresses]) => attachment(name, addresses)),
    endpointIds: sketch.endpointIds ?? [],
    exposedTcpPorts: sketch.ports ?? [],
  };
}

/** A frontend of the project `meet` on the default network. */
export function frontend(sketch: Partial<ContainerSketch> = {}): Container {
  return container({ name: 'meet-frontend-1', networks: { meet_default: '172.18.0.2/16' }, ...inProject(sketch, 'frontend', 'frontend') });
}

/** A backend of the project `meet` on the default network. */
export function backend(sketch: Partial<ContainerSketch> = {}): Container {
  return container({ name: 'meet-backend-1', networks: { meet_default: '172.18.0.5/16' }, ...inProject(sketch, 'backend', 'backend') });
}

/** A replica of the service `files` of the project `meet`, on the default network. */
export function filesService(sketch: Partial<ContainerSketch> = {}): Container {
  const labels = { 'meet.paths': '/files', ...sketch.labels };
  return container({
    name: 'meet-files-1',
    networks: { meet_default: '172.18.0.9/16' },
    ports: [3000],
    ...inProject({ ...sketch, labels }, 'service', 'files'),
  });
}

/** An observation of these containers. `stopping` has the names of containers that got a stop signal. */
export function observe(
  containers: readonly Container[],
  stopping: readonly string[] = [],
  notes: Readonly<Record<string, Note>> = {},
): Observation {
  const known = containers.map(({ id, name }): [string, Note] => [
    id,
    { ...(stopping.includes(name) ? { stop: 'in-progress' } : {}), ...notes[name] },
  ]);
  return { containers, notes: new Map(known) };
}

/** 64 hex digits, like the engine's ids. */
export function idOf(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

function inProject(sketch: Partial<ContainerSketch>, role: string, service: string): Partial<ContainerSketch> {
  return { project: 'meet', service, ...sketch, labels: { 'meet.role': role, ...sketch.labels } };
}

function labelsOf(sketch: ContainerSketch): Readonly<Record<string, string>> {
  return {
    ...(sketch.project === undefined ? {} : { 'com.docker.compose.project': sketch.project }),
    ...(sketch.service === undefined ? {} : { 'com.docker.compose.service': sketch.service }),
    ...(sketch.oneOff === true ? { 'com.docker.compose.oneoff': 'True' } : {}),
    ...sketch.labels,
  };
}

function attachment(name: string, addresses: string): NetworkAttachment {
  const found = addresses
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => part.split('/'));
  const v4 = found.find(([address = '']) => !address.includes(':'));
  const v6 = found.find(([address = '']) => address.includes(':'));
  return {
    name,
    ...(v4?.[0] === undefined ? {} : { ipv4: v4[0] }),
    ...(v4?.[1] === undefined ? {} : { ipv4PrefixLength: Number(v4[1]) }),
    ...(v6?.[0] === undefined ? {} : { ipv6: v6[0] }),
    ...(v6?.[1] === undefined ? {} : { ipv6PrefixLength: Number(v6[1]) }),
  };
}
