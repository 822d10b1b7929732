/** The messages between the host and the load generator in its container. */

export type Method = 'GET' | 'POST';
export type Counts = Record<Method, number>;

/** The settings of a load, with its longest duration. */
export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  /** The prefix of the request ids, which distinguishes several loads in one log. */
  readonly name: string;
  /** The number of connections, with one request under way on each. */
  readonly clients: number;
  /** The number of clients that only send POST; the others then only send GET. By default each client alternates. */
  readonly posting?: number;
  readonly maxRequests: number;
  readonly maxSeconds: number;
  /** A request without a complete answer within this time has failed. */
  readonly answerWithinMs: number;
  /** A random pause between these after each answer. All clients continue at once. By default, clients don't pause. */
  readonly pauseMs?: readonly [number, number];
}

/**
 * Why a request failed. `connection lost`: before the complete answer. `status`: other than 200. `wrong answer`: the
 * answer to another request.
 */
export type FailureKind = 'no connection' | 'no answer in time' | 'connection lost' | 'status' | 'wrong answer';

export interface LoadFailure {
  readonly id: string;
  readonly method: Method;
  readonly kind: FailureKind;
  /** The status, the error's code, or the beginning of the received text. */
  readonly detail: string;
  /** When the request was sent, in milliseconds since 1970. */
  readonly sentAtMs: number;
  readonly tookMs: number;
}

/** A backend's number of answers, and when its last answered request was sent (milliseconds since 1970). */
export interface BackendCounts {
  readonly requests: Counts;
  readonly lastSentAtMs: number;
}

export interface LoadSummary {
  readonly requests: Counts;
  readonly failed: Counts;
  /** The first thousand failures. */
  readonly failures: readonly LoadFailure[];
  readonly latencyMs: { readonly median: number; readonly p99: number; readonly p999: number; readonly max: number };
  readonly slowest: { readonly id: string; readonly sentAtMs: number };
  readonly backends: Readonly<Record<string, BackendCounts>>;
  readonly connections: { readonly opened: number; readonly closeAnnounced: number };
  readonly seconds: number;
}

/** A line of the generator's output: the progress, several times a second, and the summary at the end. */
export type LoadLine = { readonly progress: Counts & { readonly failed: number } } | { readonly summary: LoadSummary };

/** The control line that ends the load early. */
export const stopLine = 'stop';
