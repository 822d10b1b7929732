import type { Rendered } from '../render/generation.ts';
import type { TemplateSet } from '../render/template-store.ts';
import { isSaidByNginx } from '../nginx/words.ts';
import type { Edition } from './edition.ts';
import type { Verdict } from './search.ts';
import type { KeptTrials, TrialFrontend } from './trial-types.ts';

/** What is known of an instance's editions. It is changed in place, by this folder alone. */
export interface TrialState {
  readonly instance: string;
  good: Edition | undefined;
  /** With nothing good: what was published before the current one, and neither served nor refused that we know of. */
  earlier: Edition | undefined;
  wanted: Edition | undefined;
  current: { readonly edition: Edition; readonly rendered: Rendered; ends: number } | undefined;
  readonly verdicts: Map<string, Verdict>;
  /** Editions that the check could tell nothing about, why, and how often it was asked. */
  readonly untestable: Map<string, { readonly reason: string; readonly tries: number }>;
  readonly templates: Map<string, TemplateSet>;
  checking: boolean;
  /** A refused file was published: the good one is to be live before the next is tried. */
  isRollingBack: boolean;
  /** How many frontends run. */
  running: number;
  /** Frontends that don't run, and for how many resyncs. */
  readonly away: Map<string, number>;
  lives: string;
  newLives: boolean;
  retryAtMs: number;
  retryPauseMs: number;
}

/** After so many ends of a frontend, the published file counts as refused. */
export const endsBeforeRefusal = 2;
/** A frontend that crashes or is stopped in the middle of a test says nothing about the file. */
export const maxCheckTries = 3;
/** Longer than a restart takes. */
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

/** Whether there is a good edition to go back to: after a restart its templates may be gone. */
export function hasFallback({ good, templates }: TrialState): boolean {
  return good !== undefined && templates.has(good.templates);
}

export function noteAway(state: TrialState, away: readonly string[]): void {
  for (const id of state.away.keys()) if (!away.includes(id)) state.away.delete(id);
  for (const id of away) state.away.set(id, state.away.get(id) ?? 0);
}

/**
 * Whether no frontend is about to come back. Of two, the one that refuses a file is not asked while it restarts, and it would come
 * back to what the other one accepts.
 */
export function isComplete({ away }: TrialState): boolean {
  return [...away.values()].every((resyncs) => resyncs >= resyncsUntilIgnored);
}

/** A restarted frontend may have been fixed. */
export function noteLives(state: TrialState, frontends: readonly TrialFrontend[]): void {
  const lives = frontends
    .map(({ life }) => life)
    .toSorted()
    .join(' ');
  if (lives === '' || lives === state.lives) return;
  state.lives = lives;
  state.untestable.clear();
  state.newLives = hasFallback(state);
  // It has come up without what it ended with.
  if (!hasFallback(state) && state.isRollingBack) {
    state.isRollingBack = false;
    forgetRefusals(state);
  }
}

/** @returns whether there were any */
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

/** What a line of the published file is to blame for stays refused until labels or templates change. */
export function isDueAgain(state: TrialState, { words }: Verdict, nowMs: number): boolean {
  // The second is what the hook says when a file passes its test and the reload has no effect.
  const isOutside = (isSaidByNginx(words) || words.includes('goes on serving the old one')) && !/ in \S*routing\.conf:\d+/.test(words);
  if (!isOutside || nowMs < state.retryAtMs) return false;
  state.retryAtMs = nowMs + state.retryPauseMs;
  state.retryPauseMs = Math.min(state.retryPauseMs * 2, longestRetryMs);
  return true;
}

/** Something else is wanted: what was accepted on the way to the last one is of no use any more. */
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
