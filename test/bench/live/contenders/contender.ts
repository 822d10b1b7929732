import type { Place } from '../place.ts';

/** A program that keeps the frontend's routes right, as a process of this machine. */
export interface Contender {
  readonly name: string;
  /** Resolves when the contender listens for events. `socketPath` is the engine's. */
  start(place: Place, socketPath: string): Promise<RunningContender>;
}

export interface RunningContender {
  readonly pid: number;
  /** The output so far, for error messages. */
  output(): string;
  stop(): Promise<void>;
}
