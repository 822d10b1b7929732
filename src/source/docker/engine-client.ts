import type { Container } from '../../model/container.ts';
import type { EngineEvent } from '../../model/engine-event.ts';
import type { AnswerLimit } from './answer-limits.ts';

/** The few calls that meet-gen makes to an engine. Each has a deadline and fails with an EngineError. */
export interface EngineClient {
  /**
   * All containers with `meet.role`, in any state, or those with these ids: one `GET /containers/json`, no inspect. Only where one of
   * them uses the network of another that isn't among them, that one is asked for as well, by its id.
   */
  list(signal: AbortSignal, ids?: readonly string[]): Promise<readonly Container[]>;
  /**
   * Subscribes to `GET /events`, from a past moment on (the engine remembers 256 events); the promise is kept once the
   * engine has answered, so a list begun after it misses nothing. Asks the engine first for the API that it knows.
   */
  subscribe(sinceMs: number, signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
  /** `POST /containers/<name>/kill?signal=HUP`; by name, since socket proxies filter by it. */
  signalHup(container: ContainerName, signal: AbortSignal): Promise<void>;
  /**
   * Runs a command in a container as its own user, to its end: `POST /containers/<name>/exec`, `POST /exec/<id>/start`,
   * `GET /exec/<id>/json`.
   */
  exec(container: ContainerName, command: readonly string[], limitMs: number, signal: AbortSignal): Promise<ExecResult>;
  /**
   * What a container has written since a moment of ours, `GET /containers/<name>/logs`: of its last 5,000 lines, the first 4 MiB.
   * The engine counts the lines before it looks at the time, and nginx may log thousands of requests a second.
   */
  logs(container: ContainerName, sinceMs: number, signal: AbortSignal): Promise<string>;
  /**
   * The TCP ports that a container exposes: `GET /containers/<name>/json`, of which nothing else is kept, since it holds the secrets of the
   * environment. Only for a container whose ports `list` doesn't show.
   */
  exposedTcpPorts(container: ContainerName, signal: AbortSignal): Promise<readonly number[]>;
  /** Any other question: a GET, and the whole body of its answer. */
  get(question: EngineQuestion, signal: AbortSignal): Promise<Buffer>;
}

export interface EngineQuestion {
  /** In words. */
  readonly what: string;
  /** Without the API's version; foreign text in it has been through a grammar. */
  readonly path: string;
  readonly query: object;
  /** A longer answer is a failure. */
  readonly limit: AnswerLimit;
}

export interface ContainerName {
  readonly id: string;
  readonly name: string;
}

export interface ExecResult {
  readonly code: number;
  /** Standard output and standard error, cut where it gets too long. */
  readonly output: string;
}
