import type { Problem } from '../model/problem.ts';
import type { FrontendStatus, ReplicaStatus } from '../status/snapshot.ts';

/** Who answers: a service, the SPA, nginx by a redirect, nobody (503), nobody on purpose (403), nginx with 400 or 404, or nobody at all. */
export type AnswerKind = 'service' | 'spa' | 'redirect' | 'unavailable' | 'forbidden' | 'bad-request' | 'not-found' | 'nothing';

/** What a container does for the path: it gets its requests, stands by behind those that do, or neither. */
export type Place = 'answers' | 'stands-by' | 'out';

/** A container, its state and address, and why it is where it is. */
export interface ContainerAnswer extends ReplicaStatus {
  readonly service: string;
  readonly place: Place;
}

/** The location block of the file, as nginx has it. */
export interface LocationAnswer {
  readonly kind: string;
  readonly path: string;
  /** What differs from the server's own settings, by name. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What one Meet makes of the request. All foreign text in it is safe to show. */
export interface InstanceAnswer {
  readonly instance: string;
  readonly answer: AnswerKind;
  /** One sentence. */
  readonly summary: string;
  readonly file?: string;
  readonly generation?: string;
  /** Absent where the SPA answers as `location /`, or nobody. */
  readonly location?: LocationAnswer;
  readonly service?: string;
  /** The containers of that service and of its kind; for the SPA the frontends. */
  readonly containers: readonly ContainerAnswer[];
  /** The frontends, and whether each serves the published file. */
  readonly frontends: readonly (FrontendStatus & { readonly servesPublished: boolean })[];
  /** What else has to be known to rely on it. */
  readonly notes: readonly string[];
  /** Who may have been meant to answer, where nobody but the SPA does. */
  readonly hints: readonly string[];
  /** The problems that concern the path, each with its cure. */
  readonly problems: readonly Problem[];
}

/** What `explain` answers. */
export interface Explanation {
  /** As it was asked, safe to show. */
  readonly target: string;
  readonly host?: string;
  /** The path as nginx reads it, safe to show; absent where nginx answers 400 by itself. */
  readonly path?: string;
  readonly answered: boolean;
  readonly notes: readonly string[];
  readonly instances: readonly InstanceAnswer[];
}
