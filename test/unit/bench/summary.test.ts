import { describe, expect, it } from 'vitest';
import { summarize } from '../../bench/summary.ts';

describe('the summary of samples', () => {
  it.each([
    { samples: [7], summary: { median: 7, p95: 7, max: 7, n: 1 } },
    { samples: [3, 1, 2], summary: { median: 2, p95: 3, max: 3, n: 3 } },
    { samples: [10, 1, 3, 2], summary: { median: 2.5, p95: 10, max: 10, n: 4 } },
    { samples: Array.from({ length: 100 }, (_, index) => 100 - index), summary: { median: 50.5, p95: 95, max: 100, n: 100 } },
    { samples: [9, 10, 100, 11], summary: { median: 10.5, p95: 100, max: 100, n: 4 } },
  ])('of $samples is by number, not by text: $summary', ({ samples, summary }) => {
    expect(summarize(samples)).toEqual(summary);
  });

  it.each([[[]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY]]])('of %j is an error, since a measurement is missing', (samples) => {
    expect(() => summarize(samples)).toThrow(/nothing was measured/);
  });
});
