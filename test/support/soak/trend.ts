/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * How much a series grows from its first to its last number, as a share of its median: the median of all slopes between
 * two of them (Theil and Sen), since single samples of a garbage-collected process jump up and down.
 */
export function growthOf(series: readonly number[]): number {
  const slopes = series.flatMap((from, start) => series.slice(start + 1).map((to, distance) => (to - from) / (distance + 1)));
  return (median(slopes) * (series.length - 1)) / median(series);
}
