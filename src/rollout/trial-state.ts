import type { Rendered } from '../render/generation.ts';
import type { TemplateSet } from '../render/template-store.ts';
import { hasNginxReason } from '../nginx/refusals.ts';
import type { Edition } from './edition.ts';
import type { Verdict } from './search.ts';
import type { KeptTrials, TrialFrontend } from './trial-types.ts';

/** Everything known about an instance's editions. Only this folder changes it, in place. */
export interface TrialState {
  readonly instance: string;
  good: Edition | undefined;
  /** Without a good edition: the edition published before `current`, if no frontend has served or refused it. */
  earlier: Edition | undefined;
  wanted: Edition | undefined;
  current: { readonly edition: Edition; readonly rendered: Rendered; ends: number } | undefined;
  readonly verdicts: Map<string, Verdict>;
  /** Editions without a verdict after a test: the reason, and the number of tries. */
  readonly untestable: Map<string, { readonly reason: string; readonly tries: number }>;
  readonly templates: Map<string, TemplateSet>;
  checking: boolean;
  /** A refused file was published. The good edition must be live before the next attempt. */
  isRollingBack: boolean;
  /** Number of running frontends. */
  running: number;
  /** Stopped frontends, and the number of resyncs since. */
  readonly away: Map<string, number>;
  /** The lives of the running frontends; empty once one of them has started again. */
  lives: string;
  newLives: boolean;
  retryAtMs: number;
  retryPauseMs: number;
}

/** After this many crashes of a frontend, the published file counts as refused. */
export const endsBeforeRefusal = 2;
/** A test is repeated, since a frontend may crash or stop during the test. */
export const maxCheckTries = 3;
/** A frontend that stays away for longer than a restart takes no longer counts. */
const resyncsUntilIgnored = 2;
const firstRetryMs = 25_000;
const longestRetryMs = 600_000;
export const maxKept = 20;

export function newState(instance: string, kept: KeptTrials | undefined): TrialState {
  return {
    instance,
    good: kept?.good,
    earlier: undefined,
    wanted: undefined,
    current: undefined,
    verdicts: new Map((kept?.refused ?? []).map(({ key, words, content }) => [key, { accepted: false, words, content }])),
    untestable: new Map(),
    templates: new Map(),
    checking: false,
    isRollingBack: false,
    running: 0,
    away: new Map(),
    lives: kept?.lives ?? '',
    newLives: false,
    retryAtMs: 0,
    retryPauseMs: firstRetryMs,
  };
}

/** Whether a rollback is possible: a restart of meet-gen may have lost the templates of the good edition. */
export function hasFallback({ good, templates }: TrialState): boolean {
  return good !== undefined && templates.has(good.templates);
}

export function noteAway(state: TrialState, away: readonly string[]): void {
  for (const id of state.away.keys()) if (!away.includes(id)) state.away.delete(id);
  for (const id of away) state.away.set(id, state.away.get(id) ?? 0);
}

/**
 * Whether all frontends run, or are away for long. While a frontend restarts, meet-gen can't ask it, and the other
 * frontends may accept a file that it refuses.
 */
export function isComplete({ away }: TrialState): boolean {
  return [...away.values()].every((resyncs) => resyncs >= resyncsUntilIgnored);
}

/** Allows refused files again after a restart, since the frontend may have been fixed. */
export function noteLives(state: TrialState, frontends: readonly TrialFrontend[]): void {
  const lives = frontends
    .map(({ life }) => life)
    .toSorted()
    .join(' ');
  if (lives === '' || lives === state.lives) return;
  state.lives = lives;
  state.untestable.clear();
  state.newLives = hasFallback(state);
  // Without a fallback the refused file was withdrawn, and the frontend has started without it.
  if (!hasFallback(state) && state.isRollingBack) {
    state.isRollingBack = false;
    forgetRefusals(state);
  }
}

/** A container has started. Its life may look the same as before: Podman's list has no ids of endpoints. */
export function noteStart(state: TrialState, containerId: string): void {
  if (state.lives.split(' ').includes(containerId)) state.lives = '';
}

/** @returns whether any refusal was known */
export function forgetRefusals(state: TrialState): boolean {
  const refused = [...state.verdicts].filter(([, { accepted }]) => !accepted);
  for (const [key] of refused) state.verdicts.delete(key);
  state.untestable.clear();
  return refused.length > 0;
}

export function isUntestable(state: TrialState, edition: Edition): boolean {
  return (state.untestable.get(edition.key)?.tries ?? 0) >= maxCheckTries;
}

export function isRefused(state: TrialState, edition: Edition | undefined): boolean {
  return edition !== undefined && state.verdicts.get(edition.key)?.accepted === false;
}

/** Whether to ask again. A fault in a line of the published file stays refused until labels or templates change. */
export function isDueAgain(state: TrialState, { words }: Verdict, nowMs: number): boolean {
  // The second text comes from the hook: the file passed the test, but the reload had no effect.
  const isOutside = (hasNginxReason(words) || words.includes('goes on serving the old one')) && !/ in \S*routing\.conf:\d+/.test(words);
  if (!isOutside || nowMs < state.retryAtMs) return false;
  state.retryAtMs = nowMs + state.retryPauseMs;
  state.retryPauseMs = Math.min(state.retryPauseMs * 2, longestRetryMs);
  return true;
}

/** Sets a new wanted edition, and drops the verdicts that were only steps to the previous edition. */
export function setWanted(state: TrialState, wanted: Edition): void {
  state.wanted = wanted;
  state.retryPauseMs = firstRetryMs;
  const current = state.current?.edition.key;
  const refused = [...state.verdicts].filter(([, { accepted }]) => !accepted).map(([key]) => key);
  const kept = new Set([...refused.slice(-maxKept), wanted.key, current]);
  for (const key of state.verdicts.keys()) if (!kept.has(key)) state.verdicts.delete(key);
  for (const key of state.untestable.keys()) if (key !== wanted.key && key !== current) state.untestable.delete(key);
}

export function forgetTemplates(state: TrialState): void {
  const used = new Set([state.good, state.earlier, state.wanted, state.current?.edition].flatMap((edition) => edition?.templates ?? []));
  for (const key of state.templates.keys()) if (!used.has(key)) state.templates.delete(key);
}
