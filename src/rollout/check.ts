import { messageOf } from '../util/error-message.ts';
import { noteRefusal } from './note-refusal.ts';
import { maxCheckTries } from './trial-state.ts';
import type { TrialState } from './trial-state.ts';
import type { CheckOutcome, Chosen, TrialFrontend, TrialOptions, TrialPorts } from './trial-types.ts';

export interface Rollout {
  readonly ports: TrialPorts;
  readonly options: TrialOptions;
  /** The engine doesn't let meet-gen test files of any instance. */
  isCheckDenied: boolean;
}

/** Starts nginx's test of a candidate, and notes its result later. */
export function startCheck(
  rollout: Rollout,
  check: NonNullable<TrialPorts['check']>,
  state: TrialState,
  candidate: Chosen,
  frontends: readonly TrialFrontend[],
): void {
  const { ports, options } = rollout;
  const { instance } = state;
  if (state.checking) return;
  state.checking = true;
  const { edition, rendered } = candidate;
  const take = ports.guard('reading the result of a test', (outcome: CheckOutcome) => {
    state.checking = false;
    if (outcome.verdict === 'accepted') state.verdicts.set(edition.key, { accepted: true, words: '', content: '' });
    else if (outcome.verdict === 'refused') noteRefusal(ports, state, edition, rendered.content, outcome.words);
    else {
      const tries = (state.untestable.get(edition.key)?.tries ?? 0) + 1;
      state.untestable.set(edition.key, { reason: outcome.reason, tries });
      if (outcome.denied) {
        if (!rollout.isCheckDenied) ports.onCheckDenied(outcome.reason);
        rollout.isCheckDenied = true;
      } else if (!options.strict) ports.onCheckFailed(instance, outcome.reason, tries < maxCheckTries);
    }
    ports.onLearnt(instance);
  });
  void check(instance, rendered, frontends).then(take, (error: unknown) =>
    take({ verdict: 'unknown', reason: messageOf(error), denied: false }),
  );
}
