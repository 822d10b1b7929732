import { describe, expect, it } from 'vitest';
import type { Figure } from '../../bench/figure.ts';
import { judge, targets, type Target } from '../../bench/targets.ts';

const figure = (who: string, samples: readonly number[]): Figure => ({
  part: 'live',
  what: 'time',
  where: '5 beside',
  who,
  unit: 'ms',
  samples,
});
const name = (who: string) => ({ part: 'live', what: 'time', where: '5 beside', who }) as const;
const ratio: Target = { name: 'ratio', of: name('meet-gen'), by: name('floor'), atMost: 1.3 };
const time: Target = { name: 'time', of: name('meet-gen'), atMost: 13 };

describe('the targets', () => {
  it('compare medians', () => {
    const figures = [figure('meet-gen', [13, 1, 99]), figure('floor', [10, 10, 1000])];
    expect(judge(figures, [ratio, time])).toEqual([
      { name: 'ratio', value: 1.3, unit: 'ratio', atMost: 1.3, held: true },
      { name: 'time', value: 13, unit: 'ms', atMost: 13, held: true },
    ]);
  });

  it('are not held above their maximum', () => {
    const verdicts = judge([figure('meet-gen', [13.1]), figure('floor', [10])], [ratio, time]);
    expect(verdicts.map(({ held }) => held)).toEqual([false, false]);
  });

  it('with a minimum are held at the minimum', () => {
    const least: Target = { name: 'least', of: name('meet-gen'), atLeast: 13 };
    expect(judge([figure('meet-gen', [13])], [least])).toEqual([{ name: 'least', value: 13, unit: 'ms', atLeast: 13, held: true }]);
    expect(judge([figure('meet-gen', [12.9])], [least])[0]?.held).toBe(false);
  });

  it('with an exclusive maximum are not held at the maximum', () => {
    expect(judge([figure('meet-gen', [13])], [{ ...time, isBelow: true }])[0]?.held).toBe(false);
  });

  it('without measured figures are left out', () => {
    expect(judge([figure('meet-gen', [13])], [ratio])).toEqual([]);
    expect(judge([figure('floor', [13])], [ratio, time])).toEqual([]);
  });

  it('without a limit only show the ratio', () => {
    const unlimited: Target = { name: 'ratio', of: name('meet-gen'), by: name('floor') };
    expect(judge([figure('meet-gen', [5]), figure('floor', [10])], [unlimited])).toEqual([{ name: 'ratio', value: 0.5, unit: 'ratio' }]);
  });

  it('have distinct names', () => {
    expect(new Set(targets.map((target) => target.name)).size).toBe(targets.length);
  });
});
