import { describe, expect, it } from 'vitest';
import { shareReads } from '../../../src/reader/shared-read.ts';
import type { SharedRead } from '../../../src/reader/shared-read.ts';

/** Reads that the test ends, and a clock that the test sets. */
interface Bench {
  readonly shared: SharedRead<string>;
  nowMs: number;
  /** How many reads have begun. */
  begun(): number;
  /** Ends the oldest read that is under way, with a result or an error. */
  end(result: string | Error): Promise<void>;
}

function createBench(): Bench {
  const underWay: { readonly resolve: (value: string) => void; readonly reject: (error: Error) => void }[] = [];
  let begun = 0;
  const read = (): Promise<string> => {
    begun += 1;
    return new Promise((resolve, reject) => void underWay.push({ resolve, reject }));
  };
  const bench: Bench = {
    shared: shareReads(read, 200, () => bench.nowMs),
    nowMs: 1000,
    begun: () => begun,
    async end(result) {
      expect(underWay, 'one read at a time').toHaveLength(1);
      const { resolve, reject } = underWay.pop() ?? { resolve: () => undefined, reject: () => undefined };
      if (result instanceof Error) reject(result);
      else resolve(result);
      await new Promise(setImmediate);
    },
  };
  return bench;
}

describe('one read serves all', () => {
  it('that ask while it is under way', async () => {
    const bench = createBench();
    const all = Array.from({ length: 50 }, () => bench.shared.get());
    await bench.end('a');
    expect(new Set(await Promise.all(all))).toEqual(new Set(['a']));
    expect(bench.begun()).toBe(1);
  });

  it('that ask up to 200 ms after it began', async () => {
    const bench = createBench();
    const first = bench.shared.get();
    await bench.end('a');
    bench.nowMs += 200;
    expect(await bench.shared.get()).toBe(await first);
    bench.nowMs += 1;
    const later = bench.shared.get();
    await bench.end('b');
    expect(await later).toBe('b');
    expect(bench.begun()).toBe(2);
  });

  it('with its failure, for as long', async () => {
    const bench = createBench();
    const first = bench.shared.get();
    const outcomes = Promise.allSettled([first, bench.shared.get()]);
    await bench.end(new Error('away'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(bench.shared.get()).rejects.toThrow('away');
    expect(bench.begun()).toBe(1);
    bench.nowMs += 201;
    const next = bench.shared.get();
    await bench.end('b');
    expect(await next).toBe('b');
  });
});

describe('a new read serves', () => {
  it('after an invalidation', async () => {
    const bench = createBench();
    void bench.shared.get();
    await bench.end('a');
    bench.shared.invalidate();
    const next = bench.shared.get();
    await bench.end('b');
    expect(await next).toBe('b');
  });

  it.each([
    ['an invalidation', (bench: Bench) => bench.shared.invalidate()],
    ['200 ms', (bench: Bench) => void (bench.nowMs += 201)],
  ])('after %s during a read, when that read is over', async (_, happen) => {
    const bench = createBench();
    const early = bench.shared.get();
    happen(bench);
    const late = [bench.shared.get(), bench.shared.get()];
    expect(bench.begun()).toBe(1);
    await bench.end('a');
    expect(bench.begun()).toBe(2);
    late.push(bench.shared.get());
    await bench.end('b');
    expect(await early).toBe('a');
    expect(await Promise.all(late)).toEqual(['b', 'b', 'b']);
    expect(bench.begun()).toBe(2);
  });

  it('also when the read before fails', async () => {
    const bench = createBench();
    const early = bench.shared.get();
    const outcome = expect(early).rejects.toThrow('away');
    bench.shared.invalidate();
    const late = bench.shared.get();
    await bench.end(new Error('away'));
    await bench.end('b');
    await outcome;
    expect(await late).toBe('b');
  });

  it('after each of several invalidations', async () => {
    const bench = createBench();
    const results: Promise<string>[] = [];
    for (const text of ['a', 'b', 'c']) {
      bench.shared.invalidate();
      results.push(bench.shared.get());
      await bench.end(text);
    }
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
  });
});

it('begins one read when a client asks again as soon as it is answered', async () => {
  const bench = createBench();
  const again = bench.shared.get().then(() => bench.shared.get());
  bench.shared.invalidate();
  const late = bench.shared.get();
  await bench.end('a');
  expect(bench.begun()).toBe(2);
  await bench.end('b');
  expect(await Promise.all([again, late])).toEqual(['b', 'b']);
});
