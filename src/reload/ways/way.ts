// In: a frontend that must reload, and access to the engine or the status port.
// Out: the reload, nginx's own words if it refuses the file, and the problem's text for each way.

export interface WayFrontend {
  readonly id: string;
  readonly name: string;
  /** `address:port` of the status server on each network. */
  readonly statusEndpoints: readonly string[];
}

interface WayTarget {
  readonly sha256: string;
  readonly writtenAtMs: number;
}

/** The I/O of the ways, provided by the composition root. */
export interface WayPorts {
  readonly signalHup: (frontend: WayFrontend, signal: AbortSignal) => Promise<void>;
  /** Whether a signal through the engine ends every restart policy, so that a signalled frontend stays down after a crash. */
  readonly signalEndsRestarts: () => boolean;
  readonly exec: (
    frontend: WayFrontend,
    command: readonly string[],
    limitMs: number,
    signal: AbortSignal,
  ) => Promise<{ readonly code: number; readonly output: string }>;
  /** Reads a frontend's log; undefined if meet-gen may not read logs. @throws LogRefused */
  readonly logs: ReadLog | undefined;
  readonly askRejected: (endpoints: readonly string[], sha256: string, signal: AbortSignal) => Promise<InquiryAnswer>;
}

export type ReadLog = (frontend: WayFrontend, sinceMs: number, signal: AbortSignal) => Promise<string>;

/** nginx refused a file at once; the message has its words. */
export class Refusal extends Error {
  override name = 'Refusal';
}

/** A signal would end the frontend's restart policy, and no other reload was possible; the message has the reason. */
export class UnsafeSignal extends Error {
  override name = 'UnsafeSignal';
}

/** The engine refuses access to the log permanently. */
export class LogRefused extends Error {
  override name = 'LogRefused';
}

/** `refused` with nginx's words, `nothing` without complaint, `unavailable` if the words can't be read. */
export type InquiryAnswer =
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Looks for nginx's reason not to serve the target. @param sinceMs time of the first reload for the target */
export type Inquire = (frontend: WayFrontend, target: WayTarget, sinceMs: number, signal: AbortSignal) => Promise<InquiryAnswer>;

export interface ConnectedWay {
  /** Requests a reload, without waiting for its effect. Absent if meet-gen doesn't do that. @throws Refusal, UnsafeSignal */
  readonly reload?: (frontend: WayFrontend, signal: AbortSignal) => Promise<void>;
  /** Absent if nginx's words can't be read. */
  readonly inquire?: Inquire | undefined;
}

interface Words {
  readonly message: string;
  readonly cure: string;
}

/** One value of `--reload`, with everything in which the values differ. */
export interface ReloadWay {
  readonly name: string;
  /** For the help and `docs/configuration.md`. */
  readonly meaning: string;
  /** `frontend` reloads itself within a second. `operator` reloads at any time, without a report. */
  readonly reloadedBy: 'meet-gen' | 'frontend' | 'operator';
  /** The engine records a reload as a manual stop (moby#41302), so it may not restart a crashed frontend. */
  readonly isNotedAsStop: boolean;
  /** Whether `--check auto` runs commands in frontends. A socket proxy logs each refused call. */
  readonly execs: 'always' | 'unless-proxied' | 'never';
  readonly connect: (ports: WayPorts) => ConnectedWay;
  /** The cure of `signal-failed`; absent if meet-gen sends no reload. */
  readonly notSentCure?: string;
  /** The problem if a frontend serves another file, and nginx's reason is unknown. @param served describes that file */
  readonly pending: (served: string) => Words;
}
