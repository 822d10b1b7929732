import { describe, expect, it } from 'vitest';
import { latencyOf } from '../../../src/page/latency.ts';
import type { LiveChange } from '../../../src/status/history.ts';

/** Changes that took so long, the newest first, as in the history. */
function changesOf(...took: readonly (number | undefined)[]): readonly LiveChange[] {
  return took.map((servingMs, index) => ({
    instance: 'meet',
    at: `2026-01-31T12:00:0${9 - index}.000Z`,
    generation: 'a',
    changes: [],
    why: [],
    ...(servingMs === undefined ? {} : { servingMs }),
  }));
}

describe('the latency of changes', () => {
  it('is not shown if no event caused a change', () => {
    expect(latencyOf([])).toBeUndefined();
    expect(latencyOf(changesOf(undefined))).toBeUndefined();
  });

  it('is a bar for each change, the oldest first, the slowest as high as the picture', () => {
    expect(latencyOf(changesOf(40, undefined, 80, 0))).toEqual({
      width: 24,
      height: 40,
      bars: [
        { x: 0, y: 38, height: 2, title: '0 ms, at 2026-01-31T12:00:06.000Z' },
        { x: 8, y: 0, height: 40, title: '80 ms, at 2026-01-31T12:00:07.000Z' },
        { x: 16, y: 20, height: 20, title: '40 ms, at 2026-01-31T12:00:09.000Z' },
      ],
      summary: 'From their event until they were served, half of the last 3 changes took at most 40 ms, the slowest 80 ms.',
    });
  });

  it.each([
    [[0], 'From its event until it was served, the last change took 0 ms.'],
    [[10, 20], 'From their event until they were served, half of the last 2 changes took at most 10 ms, the slowest 20 ms.'],
    [[30, 20, 10, 400], 'From their event until they were served, half of the last 4 changes took at most 20 ms, the slowest 400 ms.'],
  ])('has a summary of %j', (took, summary) => {
    expect(latencyOf(changesOf(...took))?.summary).toBe(summary);
  });
});
