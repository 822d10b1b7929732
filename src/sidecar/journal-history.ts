import type { History } from '../status/history.ts';
import type { Entry } from './journal.ts';

/** Keeps an entry of the journal in the history, if new routes went live with it. */
export function keepEntry(history: Pick<History, 'add'>, entry: Entry): void {
  if (entry.kind !== 'live' || entry.isAgain) return;
  const { unverified: _, ...change } = entry.change;
  history.add({ ...change, at: new Date().toISOString() }, entry.diff);
}
