// A getter, which costs more than the time itself.
const startedAtMs = performance.timeOrigin;

/**
 * The time in milliseconds since 1970 as it was when the process started, and monotonic from then on: a machine's clock
 * that is set forward or back must not make a pause endless, or an old event new.
 */
export function nowMs(): number {
  return startedAtMs + performance.now();
}
