const minuteMs = 60_000;

/** A duration in whole minutes, hours or days; undefined for less than a minute. */
export function roughly(passedMs: number): string | undefined {
  const minutes = Math.floor(passedMs / minuteMs);
  if (minutes < 1) return undefined;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60 / 24)} days`;
}
