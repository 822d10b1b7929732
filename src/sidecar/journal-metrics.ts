import type { Tally } from '../metrics/tally.ts';
import type { Entry } from './journal.ts';

const msPerSecond = 1000;

/** Counts an entry of the journal, if a metric counts its kind. */
export function countEntry(tally: Tally, entry: Entry): void {
  if (entry.kind === 'reload') {
    if (entry.isFirst) tally.count('reloads_total', entry.result);
    tally.reloaded(entry.result === 'success', Date.now() / msPerSecond);
  }
  // No event caused an instance's first file, so it has no time to observe.
  if (entry.kind === 'live' && entry.diff !== undefined && entry.change.servingMs !== undefined)
    tally.observe('event_to_live_seconds', entry.change.servingMs / msPerSecond);
}
