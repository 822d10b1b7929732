/** What the engine's container list tells, in our own words; `source/docker/` maps the engine's JSON to it once. */

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

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

/** A container as one list call shows it. Every string in it is foreign text. */
export interface Container {
  readonly id: string;
  /** Without the engine's leading slash. */
  readonly name: string;
  readonly imageId: string;
  /** Seconds since 1970, the engine's clock. */
  readonly createdAtSeconds: number;
  readonly state: ContainerState;
  readonly health: Health;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkMode: string;
  readonly networks: readonly NetworkAttachment[];
  /** What the engine calls its places on the networks: each start, and each connection to a network, makes new ones. */
  readonly endpointIds: readonly string[];
  /** Ascending, without duplicates. */
  readonly exposedTcpPorts: readonly number[];
  /** Why it isn't known which ports it exposes, where the list shows none. */
  readonly portsUnknown?: string;
  /** Why what the engine says of it is not read. */
  readonly unreadable?: string;
  /** The labels that were read before hold. Otherwise nothing holds of an unreadable one but its name and whose it is. */
  readonly isAsBefore?: true;
}

/** What a probe of ours learnt; `unclear` is no answer that decides anything, and `detail` says why. */
export interface ProbeVerdict {
  readonly answer: 'ready' | 'not-ready' | 'unclear';
  readonly detail: string;
  /** It has been ready since it was started. */
  readonly wasReady: boolean;
}

/** What is known about a running container besides the engine's list: from events, from operators and from probes. */
export interface Note {
  /** It got a stop signal that has not ended it yet; `overdue` when that is so long ago that it no longer counts. */
  readonly stop?: 'in-progress' | 'overdue';
  /** An operator took it out. */
  readonly drained?: boolean;
  /** How often it ended by itself within a minute; absent unless that is a crash loop. */
  readonly crashes?: number;
  /** It has not run for long enough since its last crash. */
  readonly heldBack?: boolean;
  /** It started a moment ago. */
  readonly justStarted?: boolean;
  /** When it left the rotation, if that was within the last minute; it may be back. Milliseconds since 1970. */
  readonly leftAtMs?: number;
  /** Absent while no probe has answered. */
  readonly probe?: ProbeVerdict;
}

/** Everything a pass is decided from: the engine's list, and what else is known, by container id. */
export interface Observation {
  readonly containers: readonly Container[];
  readonly notes: ReadonlyMap<string, Note>;
}

/** What stands in a list for all its entries without an id; containers may be missing in such a list. */
export const entriesWithoutId = 'entries-without-id';
