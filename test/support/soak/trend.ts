export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * The growth from the first to the last number of a series, as a share of the median. Uses the median of the slopes
 * between all pairs (Theil and Sen), since single samples of a garbage-collected process vary widely.
 */
export function growthOf(series: readonly number[]): number {
  const slopes = series.flatMap((from, start) => series.slice(start + 1).map((to, distance) => (to - from) / (distance + 1)));
  return (median(slopes) * (series.length - 1)) / median(series);
}
