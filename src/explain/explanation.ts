import type { Problem } from '../model/problem.ts';
import type { FrontendStatus, ReplicaStatus } from '../status/snapshot.ts';

/**
 * The kind of answer: from a service, from the SPA, a redirect by nginx, 503, 403, 400 or 404 by nginx, or no answer.
 */
export type AnswerKind = 'service' | 'spa' | 'redirect' | 'unavailable' | 'forbidden' | 'bad-request' | 'not-found' | 'nothing';

/** The place of a container for the path: it gets the requests, is a standby, or is out. */
export type Place = 'answers' | 'stands-by' | 'out';

/** A container with its state, address, place and the reason. */
export interface ContainerAnswer extends ReplicaStatus {
  readonly service: string;
  readonly place: Place;
}

/** The location block in the published file. */
export interface LocationAnswer {
  readonly kind: string;
  readonly path: string;
  /** The settings that differ from the server's, by name. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The answer of one instance. All untrusted text in it is safe to show. */
export interface InstanceAnswer {
  readonly instance: string;
  readonly answer: AnswerKind;
  /** One sentence. */
  readonly summary: string;
  readonly file?: string;
  readonly generation?: string;
  /** Absent where the SPA answers through `location /`, and without an answer. */
  readonly location?: LocationAnswer;
  readonly service?: string;
  /** The containers of that service and of similar ones; for the SPA the frontends. */
  readonly containers: readonly ContainerAnswer[];
  /** The frontends, and whether each serves the published file. */
  readonly frontends: readonly (FrontendStatus & { readonly servesPublished: boolean })[];
  /** Facts that limit the answer. */
  readonly notes: readonly string[];
  /** Services that may be meant, where only the SPA or nothing answers. */
  readonly hints: readonly string[];
  readonly problems: readonly Problem[];
}

/** The result of `explain`. */
export interface Explanation {
  /** The request target as given, safe to show. */
  readonly target: string;
  readonly host?: string;
  /** The path as nginx reads it, safe to show; absent where nginx answers 400. */
  readonly path?: string;
  readonly answered: boolean;
  readonly notes: readonly string[];
  readonly instances: readonly InstanceAnswer[];
}
