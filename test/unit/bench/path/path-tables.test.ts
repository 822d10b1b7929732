import { describe, expect, it } from 'vitest';
import type { Figure } from '../../../bench/figure.ts';
import { pathTables } from '../../../bench/path/path-tables.ts';

const figure = (what: string, where: string, who: string, unit: Figure['unit'], value: number): Figure => ({
  part: 'path',
  what,
  where,
  who,
  unit,
  samples: [value],
});

describe("the routed path's tables", () => {
  it('have a row for each place, and a column for each contender', () => {
    expect(
      pathTables([
        figure('requests', '/api', 'seed', '/s', 40_000),
        figure('p99', '/api', 'seed', 'ms', 1.5),
        figure('TIME_WAIT', '/api', 'seed', 'count', 382),
        { ...figure('broken requests', '/api', 'seed', 'count', 0), samples: [0, 3, 0] },
        figure("requests, of seed's", '/api', 'meet-gen', 'ratio', 1),
        figure('requests', '/api', 'meet-gen', '/s', 41_000),
        figure('requests', 'SPA', 'meet-gen', '/s', 26_000),
        figure('speed', 'upload', 'seed', 'MB/s', 400),
        { ...figure('requests', '5 beside', 'floor', '/s', 1), part: 'live' },
      ]),
    ).toEqual([
      '|  | seed | meet-gen |',
      '| --- | --- | --- |',
      '| /api | 40,000 /s, 1.50 ms, 382 TW, 3 broken at most | 41,000 /s |',
      '| SPA |  | 26,000 /s |',
      '',
      '|  | seed |',
      '| --- | --- |',
      '| upload | 400 MB/s |',
      '',
    ]);
  });

  it('are empty without figures', () => {
    expect(pathTables([])).toEqual([]);
  });
});
