import { defined } from '../util/defined.ts';
import type { Edition } from './edition.ts';
import { maxKept } from './trial-state.ts';
import type { TrialState } from './trial-state.ts';
import type { TrialPorts } from './trial-types.ts';

/** Notes that nginx refused an edition, also for the next process. */
export function noteRefusal(ports: TrialPorts, state: TrialState, edition: Edition, content: string, words: string): void {
  state.verdicts.set(edition.key, { accepted: false, words, content });
  if (edition.key === state.wanted?.key) ports.keepRejected(state.instance, content, words);
  keep(ports, state);
}

/** Stores the last good edition and the newest refusals. */
export function keep(ports: TrialPorts, state: TrialState): void {
  const refused = [...state.verdicts].flatMap(([key, { accepted, words, content }]) => (accepted ? [] : [{ key, words, content }]));
  ports.keep(state.instance, { ...defined({ good: state.good }), refused: refused.slice(-maxKept), lives: state.lives });
}
