import type { Problem } from '../model/problem.ts';
import type { Rendered } from '../render/generation.ts';
import type { RoutingView } from '../routes/view.ts';
import type { Edition } from './edition.ts';

/** The result of testing a candidate before its publication. */
export type CheckOutcome =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'refused'; readonly words: string }
  /** nginx could not test it; `denied` if it never can. */
  | { readonly verdict: 'unknown'; readonly reason: string; readonly denied: boolean };

/** A running frontend. */
export interface TrialFrontend {
  readonly id: string;
  readonly name: string;
  /** Differs after most starts. */
  readonly life: string;
}

/** A frontend's reaction to the published file. */
export interface TrialReport {
  readonly generation: string;
  readonly state: 'serving' | 'live' | 'unverified' | 'refused' | 'under-way';
  /** The reason of a refusal. */
  readonly words?: string;
  /** Concluded from three reloads without effect, not from nginx's words. */
  readonly isGuess?: boolean;
}

/** Stored across restarts: the last good edition, with only a hash of its templates, and the refused editions. */
export interface KeptTrials {
  readonly good?: Edition;
  readonly refused: readonly { readonly key: string; readonly words: string; readonly content: string }[];
  readonly lives: string;
}

export interface TrialPorts {
  /** Lets nginx in the frontends test a file; absent if switched off or impossible. */
  readonly check?: (instance: string, rendered: Rendered, frontends: readonly TrialFrontend[]) => Promise<CheckOutcome>;
  /** Requests another pass for an instance, after a new verdict. */
  onLearnt(instance: string): void;
  /** Wraps a callback, so that its errors are reported and go no further. */
  guard<Args extends readonly unknown[]>(part: string, work: (...args: Args) => unknown): (...args: Args) => void;
  keep(instance: string, kept: KeptTrials): void;
  /** Path of the copy of the refused file, for the operator. */
  rejectedPath(instance: string): string;
  /** Stores the refused file and nginx's words. */
  keepRejected(instance: string, content: string, words: string): void;
  /** Called once when tests turn out to be impossible. */
  onCheckDenied(reason: string): void;
  /**
   * Called after a test without a verdict, except with `--check exec`, where a problem reports that.
   * @param again whether the test is repeated
   */
  onCheckFailed(instance: string, reason: string, again: boolean): void;
}

export interface TrialOptions {
  /** Publish nothing untested (`--check exec`). */
  readonly strict: boolean;
  /** The templates are the shipped ones: the first file of an instance needs no test. */
  readonly trustsTemplates: boolean;
  /** meet-gen gets no reports about reloads (`--reload none`), so it publishes everything not known to be refused. */
  readonly unwatched: boolean;
}

/** A chosen edition, rendered with current addresses. */
export interface Chosen {
  readonly edition: Edition;
  readonly rendered: Rendered;
  readonly view: RoutingView;
}

/** The decision about an instance's file. */
export interface Choice {
  /** Absent while no file may be published. */
  readonly published?: Chosen;
  /** Replaces a refused file, so the throttle doesn't apply. */
  readonly isRollback: boolean;
  /** nginx is testing a candidate; its verdict starts another pass. */
  readonly isOnTrial: boolean;
  /** The generation of the wanted file. */
  readonly desired: string;
  /** Remove the published file, since nginx refuses it and no good edition is known: nginx could not start with it. */
  readonly withdraw: boolean;
  readonly problems: readonly Problem[];
}
