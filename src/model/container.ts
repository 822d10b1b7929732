/** The engine's container list in meet-gen's own types; `source/docker/` maps the engine's JSON to them. */

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** `healthy-or-none`: the engine shows only the containers whose health check is starting or fails. */
export type Health = 'none' | 'starting' | 'healthy' | 'healthy-or-none' | 'unhealthy';

/** One network of a container. Addresses are absent while the container isn't running. */
export interface NetworkAttachment {
  readonly name: string;
  readonly ipv4?: string;
  readonly ipv4PrefixLength?: number;
  /** The host's own address on this network. */
  readonly ipv4Gateway?: string;
  readonly ipv6?: string;
  readonly ipv6PrefixLength?: number;
  readonly ipv6Gateway?: string;
}

/** A container as one list call shows it. Every string in it is untrusted text. */
export interface Container {
  readonly id: string;
  /** Without the engine's leading slash. */
  readonly name: string;
  readonly imageId: string;
  /** Seconds since 1970, the engine's clock. */
  readonly createdAtSeconds: number;
  readonly state: ContainerState;
  /** The container runs, and its stop is under way. Only where the engine's list shows that. */
  readonly isStopping?: true;
  /** Why the container takes requests only while no other replica does, in words; only from a source that knows a reason. */
  readonly demoted?: string;
  /** The container is stopping or demoted, but may still answer. Beside ready replicas it is a standby. */
  readonly standsBy?: true;
  /** The container runs on another node. This meet-gen doesn't reload the container's nginx. */
  readonly isElsewhere?: true;
  readonly health: Health;
  /** The health is starting or unhealthy, and the engine sends no event when that changes. */
  readonly isHealthUnannounced?: true;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkMode: string;
  readonly networks: readonly NetworkAttachment[];
  /**
   * The engine's ids of the container's network endpoints: each start and each connection to a network makes new ones.
   * From an engine without such ids, networks and addresses.
   */
  readonly endpointIds: readonly string[];
  /** Ascending, without duplicates. */
  readonly exposedTcpPorts: readonly number[];
  /** Why the exposed ports are unknown, if the list shows no port. */
  readonly portsUnknown?: string;
  /** Why the engine's entry for the container is not read. */
  readonly unreadable?: string;
  /**
   * The labels that were read earlier apply. Otherwise only the name and the instance of an unreadable container count.
   */
  readonly hasEarlierLabels?: true;
}

/** The result of a probe. `unclear` decides nothing; `detail` gives the reason. */
export interface ProbeVerdict {
  readonly answer: 'ready' | 'not-ready' | 'unclear';
  readonly detail: string;
  /** The container has been ready since its last start. */
  readonly wasReady: boolean;
}

/** Facts about a running container that the engine's list lacks: from events, from operators and from probes. */
export interface Note {
  /** The container got a stop signal and has not ended. `overdue`: so long ago that the signal no longer counts. */
  readonly stop?: 'in-progress' | 'overdue';
  /** An operator drained the container. */
  readonly drained?: boolean;
  /** How often the container crashed within a minute; absent below the number that makes a crash loop. */
  readonly crashes?: number;
  /** The container is in a crash loop, and has not run long enough since its last crash. */
  readonly isOnCrashHold?: boolean;
  /** The container started within the last seconds. */
  readonly justStarted?: boolean;
  /**
   * When the container left the rotation, if within the last minute; it may be in rotation again. Milliseconds since
   * 1970.
   */
  readonly leftAtMs?: number;
  /** Absent while no probe has answered. */
  readonly probe?: ProbeVerdict;
}

/** The input of a pass: the engine's list, and further facts by container id. */
export interface Observation {
  readonly containers: readonly Container[];
  readonly notes: ReadonlyMap<string, Note>;
}

/** Stands for all entries of a list that have no id; such a list may lack containers. */
export const entriesWithoutId = 'entries-without-id';
