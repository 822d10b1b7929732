import { describe, expect, it } from 'vitest';
import { amount, figureTable, targetTable } from '../../bench/table.ts';

describe('the printed table', () => {
  it.each([
    [0, 'count', '0'],
    [2, 'count', '2'],
    [0.123_45, 'ms', '0.12 ms'],
    [34.567, 'ms', '34.6 ms'],
    [1234.5, 'ms', '1,235 ms'],
    [1.299, 'ratio', '1.30×'],
    [5, 'MB', '5 MB'],
  ] as const)('rounds %d %s to %s', (value, unit, printed) => {
    expect(amount(value, unit)).toBe(printed);
  });

  it('has aligned columns', () => {
    const figure = { part: 'live', what: 'start → served', where: '5 beside', unit: 'ms' } as const;
    expect(
      figureTable([
        { ...figure, who: 'meet-gen', samples: [30, 40, 50] },
        { ...figure, who: 'floor', samples: [9] },
      ]),
    ).toEqual([
      'part  what            where     who       median    p95    max  n',
      'live  start → served  5 beside  meet-gen   40 ms  50 ms  50 ms  3',
      'live  start → served  5 beside  floor       9 ms   9 ms   9 ms  1',
    ]);
  });

  it('shows which targets are held', () => {
    const verdict = { name: 'ratio', value: 1.25, unit: 'ratio' } as const;
    expect(
      targetTable([
        { ...verdict, atMost: 1.3, held: true },
        { ...verdict, atMost: 1.2, held: false },
        { ...verdict, atLeast: 1, held: true },
        verdict,
      ]),
    ).toEqual([
      'held       ratio: 1.25×, at most 1.30×',
      'NOT held   ratio: 1.25×, at most 1.20×',
      'held       ratio: 1.25×, at least 1×',
      'no target  ratio: 1.25×',
    ]);
  });
});
