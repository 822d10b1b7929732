import type { Problem } from '../model/problem.ts';
import type { Rendered } from '../render/generation.ts';
import type { RoutingView } from '../routes/view.ts';
import type { Edition } from './edition.ts';

/** What nginx said to a candidate before anybody served it. */
export type CheckOutcome =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'refused'; readonly words: string }
  /** It could not be asked; `denied` when that will stay so. */
  | { readonly verdict: 'unknown'; readonly reason: string; readonly denied: boolean };

/** A frontend that runs, as far as trials care. */
export interface TrialFrontend {
  readonly id: string;
  readonly name: string;
  /** Another one after each start. */
  readonly life: string;
}

/** How a frontend took the file that was published last. */
export interface TrialReport {
  readonly generation: string;
  readonly state: 'serving' | 'live' | 'unverified' | 'refused' | 'under-way';
  /** Why it is taken for refused. */
  readonly words?: string;
  /** Nobody said so: it was told three times and went on with the older one. */
  readonly isGuess?: boolean;
}

/** What outlives the process: the last good edition, whose templates are known by their hash alone, and what was refused. */
export interface KeptTrials {
  readonly good?: Edition;
  readonly refused: readonly { readonly key: string; readonly words: string; readonly content: string }[];
  readonly lives: string;
}

export interface TrialPorts {
  /** Lets the frontends' own nginx test a file; absent where that isn't wanted or can't be had. */
  readonly check?: (instance: string, rendered: Rendered, frontends: readonly TrialFrontend[]) => Promise<CheckOutcome>;
  /** Something was learnt about an instance: it is worth another pass. */
  onLearnt(instance: string): void;
  /** Makes a callback whose errors end in it. */
  guard<Args extends readonly unknown[]>(part: string, work: (...args: Args) => unknown): (...args: Args) => void;
  keep(instance: string, kept: KeptTrials): void;
  /** Where the file that was refused last is kept, for people. */
  rejectedPath(instance: string): string;
  /** What labels and templates ask for was refused. */
  keepRejected(instance: string, content: string, words: string): void;
  /** The check can't be had, for good. */
  onCheckDenied(reason: string): void;
  /** The frontends were asked to test a file, and there was no verdict; `again` when they are asked once more. Where nothing untested may be published, a problem tells it instead. */
  onCheckFailed(instance: string, reason: string, again: boolean): void;
}

export interface TrialOptions {
  /** Nothing untested is ever published. */
  readonly strict: boolean;
  /** The templates are the shipped ones: where nothing is served yet, what they render is published without a test. */
  readonly trustsTemplates: boolean;
  /** Nobody tells us what becomes of a file (`--reload none`): what isn't known to be refused is published. */
  readonly unwatched: boolean;
}

/** What was chosen, rendered. */
export interface Chosen {
  readonly edition: Edition;
  readonly rendered: Rendered;
  readonly view: RoutingView;
}

/** What is to be published for an instance now. */
export interface Choice {
  /** Absent while nothing may be. */
  readonly published?: Chosen;
  /** It takes the place of one that nginx refuses, and can't wait. */
  readonly isRollback: boolean;
  /** nginx is being asked about a candidate: there is more to come by itself. */
  readonly isOnTrial: boolean;
  /** The generation that labels and templates ask for. */
  readonly desired: string;
  /** What is published already was refused, and there is nothing good to put back: it must not wait for the next start of nginx. */
  readonly withdraw: boolean;
  readonly problems: readonly Problem[];
}
