import { keep, noteRefusal } from './note-refusal.ts';
import { endsBeforeRefusal, forgetRefusals, hasFallback, isComplete, isDueAgain, isRefused, maxCheckTries } from './trial-state.ts';
import type { TrialState } from './trial-state.ts';
import type { TrialPorts, TrialReport } from './trial-types.ts';

/** Learns from the frontends' reaction to the published file whether nginx accepts it. */
export function observe(ports: TrialPorts, state: TrialState, reports: readonly TrialReport[]): void {
  const { current, instance } = state;
  if (current === undefined) return;
  const own = reports.filter(({ generation }) => generation === current.rendered.generation);
  if (own.length === 0 || own.length < reports.length) return;
  // A frontend that has just started or ended gets its report with the next pass.
  const haveAllReported = own.length >= state.running;
  const answering = own.filter((report) => report.state !== 'unverified');
  const isServed = own.some((report) => report.state === 'serving' || report.state === 'live');
  // Without a fallback, a rollback removes all routes. A guess, or one of several frontends, is not enough for that.
  const hasNoFallback = !hasFallback(state);
  const refused = own.find((report) => report.state === 'refused' && !(hasNoFallback && (report.isGuess === true || isServed)));
  const isGood = current.edition.key === state.good?.key;
  if (!isGood && refused !== undefined && !isRefused(state, current.edition)) {
    state.isRollingBack = hasFallback(state);
    noteRefusal(ports, state, current.edition, current.rendered.content, refused.words ?? '');
    ports.onLearnt(instance);
  } else if (
    !isGood &&
    haveAllReported &&
    isComplete(state) &&
    answering.length > 0 &&
    answering.every((report) => report.state === 'serving' || report.state === 'live')
  ) {
    state.good = current.edition;
    state.earlier = undefined;
    state.verdicts.set(current.edition.key, { accepted: true, words: '', content: '' });
    keep(ports, state);
    // A part of the change is accepted: the next pass may try a larger part.
    if (state.wanted?.key !== current.edition.key) ports.onLearnt(instance);
  }
  if (haveAllReported && own.every((report) => report.state === 'live' || report.state === 'unverified')) settle(ports, state);
}

/** Counts a crash of a frontend; after two, the published file counts as refused. */
export function noteEnd(ports: TrialPorts, state: TrialState, frontend: string): void {
  const { current, instance } = state;
  if (current === undefined) return;
  current.ends += 1;
  if (current.ends < endsBeforeRefusal || current.edition.key === state.good?.key || isRefused(state, current.edition)) return;
  state.isRollingBack = true;
  const words = `${frontend} crashed ${endsBeforeRefusal} times since this file was published`;
  noteRefusal(ports, state, current.edition, current.rendered.content, words);
  ports.onLearnt(instance);
}

/**
 * Forgets verdicts that may be outdated.
 * @param retriesTests also allows tests again that gave no verdict
 * @param all forgets every refusal
 * @returns whether nginx has something to be asked
 */
export function retry(state: TrialState, nowMs: number, retriesTests: boolean, all: boolean): boolean {
  for (const [id, resyncs] of state.away) state.away.set(id, resyncs + 1);
  const hasTests = retriesTests && state.untestable.size > 0;
  if (hasTests) for (const [key, { reason }] of state.untestable) state.untestable.set(key, { reason, tries: maxCheckTries - 1 });
  const verdict = state.wanted === undefined ? undefined : state.verdicts.get(state.wanted.key);
  if (state.wanted === undefined || verdict?.accepted !== false) return hasTests;
  if (all) forgetRefusals(state);
  else if (isDueAgain(state, verdict, nowMs)) state.verdicts.delete(state.wanted.key);
  else return hasTests;
  return true;
}

/** Ends a rollback once all answering frontends serve the published file. */
function settle(ports: TrialPorts, state: TrialState): void {
  const wasRollingBack = state.isRollingBack;
  // A frontend in a crash loop doesn't count as a new start.
  const hadNewLives = state.newLives && isComplete(state);
  state.isRollingBack = false;
  if (hadNewLives) state.newLives = false;
  if (hadNewLives && forgetRefusals(state)) keep(ports, state);
  else if (!wasRollingBack) return;
  ports.onLearnt(state.instance);
}
