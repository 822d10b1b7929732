import { describe, expect, it } from 'vitest';
import { createTally } from '../../../src/metrics/tally.ts';
import type { Tally } from '../../../src/metrics/tally.ts';
import type { FrontendReport } from '../../../src/reload/prover.ts';
import { createJournal } from '../../../src/sidecar/journal.ts';
import { countEntry } from '../../../src/sidecar/journal-metrics.ts';
import { createRecords } from '../../../src/sidecar/records.ts';
import { frontendReport } from '../../support/frontend-report.ts';

/** Metrics that a journal feeds with the reports of one instance. */
function counting(): { tally: Tally; note: (report: FrontendReport) => void } {
  const tally = createTally();
  const journal = createJournal(createRecords(new Map()).of, (entry) => countEntry(tally, entry));
  return { tally, note: (report) => journal.proven('meet', [report], 0) };
}

describe('reloads', () => {
  it('count once for each file and result', () => {
    const { tally, note } = counting();
    for (const [phase, generation] of [
      ['reloading', 'a'],
      ['serving', 'a'],
      ['live', 'a'],
      ['rejected', 'b'],
      ['rejected', 'b'],
      ['pending', 'c'],
      ['live', 'c'],
    ] as const)
      note(frontendReport(phase, generation));
    expect([...tally.counts('reloads_total')]).toEqual([
      ['success', 2],
      ['refused', 1],
      ['unproven', 1],
    ]);
    const { isSuccess, successAtSeconds } = tally.lastReload();
    expect(isSuccess).toBe(true);
    note(frontendReport('rejected', 'd'));
    expect(tally.lastReload()).toEqual({ isSuccess: false, successAtSeconds });
  });

  it('succeed again once an unproven file is live, and if another server answers visitors', () => {
    const { tally, note } = counting();
    for (const [phase, isSuccess] of [
      ['serving', true],
      ['unverified', false],
      ['live', true],
      ['shadowed', true],
    ] as const) {
      note(frontendReport(phase, 'a'));
      expect(tally.lastReload(), phase).toMatchObject({ isSuccess });
    }
    expect([...tally.counts('reloads_total')]).toEqual([
      ['success', 1],
      ['unproven', 1],
    ]);
  });

  it('do not count if a frontend served the file already', () => {
    const { tally, note } = counting();
    note(frontendReport('live', 'a', { reloads: { count: 0, delivered: 0, firstAtMs: 0, lastAtMs: 0 } }));
    expect(tally.counts('reloads_total').size).toBe(0);
  });
});
