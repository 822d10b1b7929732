/** What the host and the load generator in its container say to each other. */

export type Method = 'GET' | 'POST';
export type Counts = Record<Method, number>;

/** How to load, and when to stop at the latest. */
export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  /** Begins every id of this load, so that a log with several loads can be read. */
  readonly name: string;
  /** Connections, each with one request under way. */
  readonly clients: number;
  readonly maxRequests: number;
  readonly maxSeconds: number;
  /** A request that has no whole answer by then has failed. */
  readonly answerWithinMs: number;
  /** After an answer, clients wait until all go on at once, a random time between these; none: each goes on at once. */
  readonly pauseMs?: readonly [number, number];
}

/**
 * Why a request failed: no connection, no answer in time, the connection gone before the whole answer, a status other
 * than 200, or an answer that isn't the one to this request.
 */
export type FailureKind = 'no connection' | 'no answer in time' | 'connection lost' | 'status' | 'wrong answer';

export interface LoadFailure {
  readonly id: string;
  readonly method: Method;
  readonly kind: FailureKind;
  /** The status, the error's code, or the beginning of what came. */
  readonly detail: string;
  /** Milliseconds since 1970 when it was sent. */
  readonly sentAtMs: number;
  readonly tookMs: number;
}

/** Who answered how often, and when the last request was sent that it answered (milliseconds since 1970). */
export interface BackendCounts {
  readonly requests: Counts;
  readonly lastSentAtMs: number;
}

export interface LoadSummary {
  readonly requests: Counts;
  readonly failed: Counts;
  /** The failures one by one; no more than a thousand. */
  readonly failures: readonly LoadFailure[];
  readonly latencyMs: { readonly median: number; readonly p99: number; readonly p999: number; readonly max: number };
  readonly slowest: { readonly id: string; readonly sentAtMs: number };
  readonly backends: Readonly<Record<string, BackendCounts>>;
  readonly connections: { readonly opened: number; readonly closeAnnounced: number };
  readonly seconds: number;
}

/** A line that the generator prints: how far it is, several times a second, and in the end what came of it. */
export type LoadLine = { readonly progress: Counts & { readonly failed: number } } | { readonly summary: LoadSummary };

/** The line that ends the load before its time. */
export const stopLine = 'stop';
