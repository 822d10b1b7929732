export interface Summary {
  readonly median: number;
  /** The smallest sample that 95% of the samples don't exceed. */
  readonly p95: number;
  readonly max: number;
  readonly n: number;
}

/**
 * Median, 95th percentile (nearest rank), maximum and number of samples.
 * @throws RangeError without a sample, or for a sample that isn't a finite number: both mean a failed measurement
 */
export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError('nothing was measured: there is no sample');
  const wrong = samples.find((sample) => !Number.isFinite(sample));
  if (wrong !== undefined) throw new RangeError(`nothing was measured: a sample is ${wrong}`);
  const sorted = samples.toSorted((left, right) => left - right);
  const n = sorted.length;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return {
    median: (at(Math.floor((n - 1) / 2)) + at(Math.ceil((n - 1) / 2))) / 2,
    p95: at(Math.ceil(0.95 * n) - 1),
    max: at(n - 1),
    n,
  };
}

export const median = (samples: readonly number[]): number => summarize(samples).median;
