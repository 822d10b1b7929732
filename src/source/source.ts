import type { Container } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';

/** Where a view of the world comes from: the containers there are, and events that say *look again*. One folder for each kind. */
export interface Source {
  readonly list: ListContainers;
  readonly subscribe: Subscribe;
}

/** Lists containers: all that have a role, or those with these ids, whatever they are. */
export type ListContainers = (signal: AbortSignal, ids?: readonly string[]) => Promise<readonly Container[]>;

/** Subscribes to an engine's events from a moment on, in milliseconds since 1970. */
export type Subscribe = (sinceMs: number, signal: AbortSignal) => Promise<AsyncIterable<EngineEvent>>;
