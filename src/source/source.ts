import type { Container } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';

// In: an engine, or a compose file. Out: containers, and events that say *look again*.

/** Where meet-gen learns of containers. Each kind of source has its own folder. */
export interface Source {
  readonly list: ListContainers;
  readonly subscribe: Subscribe;
}

/** Lists all containers with `meet.role`. With `ids`, lists those containers, with a role or without. */
export type ListContainers = (signal: AbortSignal, ids?: readonly string[]) => Promise<readonly Container[]>;

/** Subscribes to the engine's events since a time in milliseconds since 1970. */
export type Subscribe = (sinceMs: number, signal: AbortSignal) => Promise<AsyncIterable<EngineEvent>>;
