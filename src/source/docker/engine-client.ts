import type { Container } from '../../model/container.ts';
import type { EngineEvent } from '../../model/engine-event.ts';
import type { AnswerLimit } from './answer-limits.ts';
import type { EngineProfile } from './engine-profile.ts';

/** The calls that meet-gen makes to an engine. Each call has a deadline, and fails with an EngineError. */
export interface EngineClient {
  /**
   * Lists all containers with `meet.role`, in any state, or the containers with these ids: one `GET /containers/json`,
   * no inspect. If one of them uses the network of a container outside the list, a second call asks for that container.
   */
  list(signal: AbortSignal, ids?: readonly string[]): Promise<readonly Container[]>;
  /**
   * Subscribes to `GET /events` since a time in the past (the engine remembers 256 events). The promise resolves when
   * the engine has answered, so a list that begins later misses no event. Asks for the API version first.
   */
  subscribe(sinceMs: number, signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
  /** `POST /containers/<name>/kill?signal=HUP`. By name, since socket proxies filter by name. */
  signalHup(container: ContainerName, signal: AbortSignal): Promise<void>;
  /**
   * Runs a command in a container as the container's user, and waits for its end: `POST /containers/<name>/exec`,
   * `POST /exec/<id>/start`, `GET /exec/<id>/json`.
   */
  exec(container: ContainerName, command: readonly string[], limitMs: number, signal: AbortSignal): Promise<ExecResult>;
  /**
   * Reads what a container has logged since a time of our clock, `GET /containers/<name>/logs`: the first 4 MiB of its
   * last 5,000 lines. The engine counts the lines before it filters by time, and nginx can log thousands of requests a
   * second.
   */
  logs(container: ContainerName, sinceMs: number, signal: AbortSignal): Promise<string>;
  /**
   * Reads the TCP ports that a container exposes: `GET /containers/<name>/json`. All other fields are dropped, since
   * they include secrets. Only for a container whose ports `list` doesn't show.
   */
  exposedTcpPorts(container: ContainerName, signal: AbortSignal): Promise<readonly number[]>;
  /** Sends any other GET. @returns the whole body of the answer */
  get(question: EngineQuestion, signal: AbortSignal): Promise<Buffer>;
  /**
   * Opens a stream of events with the filters of `query`. The promise resolves when the engine has answered, and the
   * stream stays open until the signal aborts. Asks for the API version first.
   * @returns the lines as the engine sends them; lines over the limit are skipped
   */
  eventLines(query: object, limitMs: number, signal: AbortSignal): Promise<AsyncIterable<string>>;
  /** The profile of the engine that answered last; that of Docker's newest version before any answer. Sends no call. */
  profile(): EngineProfile;
}

export interface EngineQuestion {
  /** Names the call in error messages: `listing networks`. */
  readonly what: string;
  /** Without the API version. Any untrusted text in the path has passed a grammar. */
  readonly path: string;
  readonly query: object;
  /** A longer answer fails the call. */
  readonly limit: AnswerLimit;
  /** How long to wait for the whole answer. Default: 10 s. */
  readonly limitMs?: number;
}

export interface ContainerName {
  readonly id: string;
  readonly name: string;
}

export interface ExecResult {
  readonly code: number;
  /** Standard output and standard error, cut at the limit. */
  readonly output: string;
}
