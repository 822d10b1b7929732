/** What the engine's container list tells, in our own words; `docker/` maps the engine's JSON to it once. */

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** One network of a container. Addresses are absent while the container isn't running. */
export interface NetworkAttachment {
  readonly name: string;
  readonly ipv4?: string;
  readonly ipv4PrefixLength?: number;
  readonly ipv6?: string;
  readonly ipv6PrefixLength?: number;
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
  /** Ascending, without duplicates. */
  readonly exposedTcpPorts: readonly number[];
}

/** Everything a pass is decided from: the engine's list, and what its events told about stops in progress. */
export interface Observation {
  readonly containers: readonly Container[];
  /** Ids of running containers that got a stop signal and have neither ended nor started again since. */
  readonly stopping: ReadonlySet<string>;
}
