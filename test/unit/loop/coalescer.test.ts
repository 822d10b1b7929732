import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBackoff } from '../../../src/util/backoff.ts';
import { createCoalescer } from '../../../src/loop/coalescer.ts';

/** Work that takes `workMs`, and records its starts and the most runs at the same time. */
function watched(workMs = 0): { work: () => Promise<void>; begun: number[]; most: () => number } {
  const startedAt = Date.now();
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  return {
    begun,
    most: () => most,
    work: async () => {
      begun.push(Date.now() - startedAt);
      running += 1;
      most = Math.max(most, running);
      if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
      running -= 1;
    },
  };
}

describe('the coalescer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const wait = { quietMs: 50, maxMs: 500 };

  it('runs at once on an isolated trigger, and once more after the quiet time', async () => {
    const { work, begun } = watched();
    createCoalescer(work, wait).trigger();
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual([0]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual([0, 50]);
  });

  it('runs after the quiet time for a trigger that is not urgent, and at once for an urgent trigger', async () => {
    const { work, begun } = watched();
    const { trigger } = createCoalescer(work, wait);
    trigger('when quiet');
    await vi.advanceTimersByTimeAsync(1000);
    expect(begun).toEqual([50]);
    trigger('when quiet');
    await vi.advanceTimersByTimeAsync(20);
    trigger();
    trigger();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual([50, 1020, 1070]);
  });

  it('counts the quiet time from the last trigger', async () => {
    const { work, begun } = watched();
    const { trigger } = createCoalescer(work, wait);
    trigger();
    await vi.advanceTimersByTimeAsync(40);
    trigger();
    await vi.advanceTimersByTimeAsync(40);
    trigger();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual([0, 130]);
  });

  it('waits no longer than the maximum under a steady stream of triggers', async () => {
    const { work, begun } = watched();
    const { trigger } = createCoalescer(work, wait);
    for (let at = 0; at < 2000; at += 10) {
      trigger();
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    const gaps = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(510);
    expect(begun.length).toBeLessThan(12);
    expect(begun.at(-1)).toBeGreaterThanOrEqual(1990 + 50);
  });

  it('runs at once again after a quiet time', async () => {
    const { work, begun } = watched();
    const { trigger } = createCoalescer(work, wait);
    trigger();
    await vi.advanceTimersByTimeAsync(1000);
    trigger();
    await vi.advanceTimersByTimeAsync(1000);
    expect(begun).toEqual([0, 50, 1000, 1050]);
  });

  it('never runs twice at the same time; triggers during a run cause one more run', async () => {
    const { work, begun, most } = watched(200);
    const { trigger } = createCoalescer(work, wait);
    for (let at = 0; at < 150; at += 10) {
      trigger();
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(most()).toBe(1);
    expect(begun).toEqual([0, 200]);
  });

  it('runs once if no second look is wanted', async () => {
    const { work, begun } = watched();
    createCoalescer(work, wait).once();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual([0]);
  });

  it('goes on after a run that failed', async () => {
    const begun: number[] = [];
    const { trigger } = createCoalescer(async () => {
      begun.push(begun.length);
      throw new Error('this pass failed');
    }, wait);
    trigger();
    await vi.advanceTimersByTimeAsync(1000);
    trigger();
    await vi.advanceTimersByTimeAsync(1000);
    expect(begun).toHaveLength(4);
  });

  it('stops when the run under way has ended, and starts none after', async () => {
    const { work, begun } = watched(200);
    const coalescer = createCoalescer(work, wait);
    coalescer.trigger();
    await vi.advanceTimersByTimeAsync(10);
    let stopped = false;
    void coalescer.stop().then(() => (stopped = true));
    await vi.advanceTimersByTimeAsync(100);
    expect(stopped).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(stopped).toBe(true);
    coalescer.trigger();
    coalescer.once();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual([0]);
  });

  it('stops at once when nothing runs', async () => {
    const { work, begun } = watched();
    await createCoalescer(work, wait).stop();
    expect(begun).toEqual([]);
  });

  it('accepts a maximum that is no longer than the quiet time', async () => {
    const { work, begun } = watched();
    createCoalescer(work, { quietMs: 50, maxMs: 50 }).trigger();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual([0, 50]);
  });
});

const pauses = (capMs: number, random: number, count: number): readonly number[] => {
  const backoff = createBackoff(capMs, () => random);
  return Array.from({ length: count }, () => backoff.nextMs());
};

describe('the back-off', () => {
  it('doubles from 100 ms up to the cap', () => {
    expect(pauses(5000, 1, 8)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(pauses(500, 1, 5)).toEqual([100, 200, 400, 500, 500]);
  });

  it('has jitter in half of each pause', () => {
    expect(pauses(5000, 0, 3)).toEqual([50, 100, 200]);
    expect(pauses(5000, 0.5, 3)).toEqual([75, 150, 300]);
  });

  it('stays at the cap', () => {
    expect(pauses(5000, 1, 5000).at(-1)).toBe(5000);
  });

  it('starts again after a success', () => {
    const backoff = createBackoff(5000, () => 1);
    backoff.nextMs();
    backoff.nextMs();
    backoff.reset();
    expect(backoff.nextMs()).toBe(100);
  });
});
