/** A frontend, as far as a way needs to know it. */
export interface WayFrontend {
  readonly id: string;
  readonly name: string;
  /** `address:port` of its status server on each of its networks. */
  readonly statusEndpoints: readonly string[];
}

/** The file that a frontend is to serve. */
interface WayTarget {
  readonly sha256: string;
  readonly writtenAtMs: number;
}

/** What the ways need from outside; the composition provides it. */
export interface WayPorts {
  readonly signalHup: (frontend: WayFrontend, signal: AbortSignal) => Promise<void>;
  readonly exec: (
    frontend: WayFrontend,
    command: readonly string[],
    limitMs: number,
    signal: AbortSignal,
  ) => Promise<{ readonly code: number; readonly output: string }>;
  /** What a frontend has logged since a moment; absent where no log may be read. @throws LogRefused */
  readonly logs: ReadLog | undefined;
  /** Asks the hook in a frontend whether it refuses a file. */
  readonly askRejected: (endpoints: readonly string[], sha256: string, signal: AbortSignal) => Promise<InquiryAnswer>;
}

export type ReadLog = (frontend: WayFrontend, sinceMs: number, signal: AbortSignal) => Promise<string>;

/** nginx was asked to reload and said no. */
export class Refusal extends Error {
  override name = 'Refusal';
}

/** The log can't be read, and that will stay so. */
export class LogRefused extends Error {
  override name = 'LogRefused';
}

/** `refused` with nginx's words, `nothing` where nobody complains, `unavailable` where the words can't be read. */
export type InquiryAnswer =
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Looks for nginx's own words about why it doesn't serve the target. @param sinceMs when the first reload for it was sent */
export type Inquire = (frontend: WayFrontend, target: WayTarget, sinceMs: number, signal: AbortSignal) => Promise<InquiryAnswer>;

/** A way with its ports. */
export interface ConnectedWay {
  /** Makes nginx reload, without waiting for the outcome. Absent where meet-gen doesn't do that. @throws Refusal when nginx refuses at once */
  readonly reload?: (frontend: WayFrontend, signal: AbortSignal) => Promise<void>;
  /** Absent where nginx's words can't be had. */
  readonly inquire?: Inquire | undefined;
}

/** A problem's sentences. */
interface Words {
  readonly message: string;
  readonly cure: string;
}

/** One value of `--reload`: everything that differs between the ways of making nginx reload. */
export interface ReloadWay {
  readonly name: string;
  /** For the help and `docs/configuration.md`. */
  readonly meaning: string;
  /** `frontend`: within a second, by itself. `operator`: at any time, and nobody reports what becomes of a file. */
  readonly reloadedBy: 'meet-gen' | 'frontend' | 'operator';
  /** The engine notes a reload as a stop by hand (moby#41302), which decides whether a crashed frontend comes back. */
  readonly isNotedAsStop: boolean;
  /** Whether `--check auto` runs commands in frontends. A proxy between would log each refused call. */
  readonly execs: 'always' | 'unless-proxied' | 'never';
  readonly connect: (ports: WayPorts) => ConnectedWay;
  /** The cure of `signal-failed`; absent where meet-gen sends no reload. */
  readonly notSentCure?: string;
  /** The problem of a frontend that goes on with another file, without a word of nginx. @param served that file, in words */
  readonly pending: (served: string) => Words;
}
