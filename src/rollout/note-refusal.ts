import { defined } from '../util/defined.ts';
import type { Edition } from './edition.ts';
import { maxKept } from './trial-state.ts';
import type { TrialState } from './trial-state.ts';
import type { TrialPorts } from './trial-types.ts';

/** nginx refused an edition: that is kept for the next process, too. */
export function noteRefusal(ports: TrialPorts, state: TrialState, edition: Edition, content: string, words: string): void {
  state.verdicts.set(edition.key, { accepted: false, words, content });
  if (edition.key === state.wanted?.key) ports.keepRejected(state.instance, content, words);
  keep(ports, state);
}

/** Keeps what was good and what was refused. */
export function keep(ports: TrialPorts, state: TrialState): void {
  const refused = [...state.verdicts].flatMap(([key, { accepted, words, content }]) => (accepted ? [] : [{ key, words, content }]));
  ports.keep(state.instance, { ...defined({ good: state.good }), refused: refused.slice(-maxKept), lives: state.lives });
}
