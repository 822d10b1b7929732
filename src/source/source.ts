import type { Container } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import type { DockerHost } from './docker-host.ts';

// In: an engine, or the managers of a swarm. Out: containers, and events that say *look again*. Only `render --compose` reads
// a compose project (compose/), which has no events.

/** Where meet-gen learns of containers. Each kind of source has its own folder. */
export interface Source {
  readonly list: ListContainers;
  readonly subscribe: Subscribe;
  /**
   * Every list has all containers, also a list with ids: it comes from memory. A swarm reuses addresses, so a part of an
   * older list beside a part of a newer one could lead to another service.
   */
  readonly listsAll?: true;
  /** The URLs that the source reads, for messages. */
  readonly place: string;
  /** The longest pause between two attempts to reconnect. */
  readonly reconnectCapMs: number;
  /** How to drain a replica, where `meet-gen drain` can't: the containers that the source lists serve other nodes, too. */
  readonly drainAdvice?: string;
}

/** Lists all containers with `meet.role`. With `ids`, lists those containers, with a role or without. */
export type ListContainers = (signal: AbortSignal, ids?: readonly string[]) => Promise<readonly Container[]>;

/** Subscribes to the engine's events since a time in milliseconds since 1970. */
export type Subscribe = (sinceMs: number, signal: AbortSignal) => Promise<AsyncIterable<EngineEvent>>;

/** One value of `--source`, with everything in which the values differ. */
export interface SourceKind {
  readonly name: string;
  /** For the help and `docs/configuration.md`. */
  readonly meaning: string;
  /** The URLs that the source reads, for messages. */
  readonly place: (options: SourceOptions) => string;
  /** A required option that is missing, and the words for the error; absent where every option has a default. */
  readonly missing?: (options: SourceOptions) => { readonly option: string; readonly reason: string } | undefined;
  /** meet-gen counts as healthy without a current view, since an end would only make it worse. */
  readonly isHealthyWithoutView?: true;
  /** Opens no connection. @throws Error that names a missing option */
  readonly open: (options: SourceOptions, ports: SourcePorts) => Promise<Omit<Source, 'place'>>;
}

/** The options that sources read. */
interface SourceOptions {
  readonly dockerHost: DockerHost;
  readonly instance?: string | undefined;
  /** The managers of a swarm, or the readers before them. */
  readonly managers: readonly DockerHost[];
  /** The file with the secret that readers sign with; without it, answers need no signature. */
  readonly readerSecret?: string | undefined;
  /** The id of this node in the swarm. */
  readonly node?: string | undefined;
}

export interface SourcePorts {
  /** The engine at --docker-host. */
  readonly engine: {
    readonly list: ListContainers;
    readonly subscribe: Subscribe;
    readonly exposedTcpPorts: (container: Pick<Container, 'id' | 'name'>, signal: AbortSignal) => Promise<readonly number[]>;
  };
  /** Counts a call by its endpoint, for `meet_gen_engine_requests_total`. */
  readonly countCall: (endpoint: string) => void;
}
