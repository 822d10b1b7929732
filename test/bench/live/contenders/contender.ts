import type { Place } from '../place.ts';

/** Who keeps the frontend's routes right: a process of this machine. */
export interface Contender {
  readonly name: string;
  /** Resolves when it hears of events; the engine is asked at this socket. */
  start(place: Place, socketPath: string): Promise<RunningContender>;
}

export interface RunningContender {
  readonly pid: number;
  /** What it has said so far, for an error's message. */
  said(): string;
  stop(): Promise<void>;
}
