// Read once: the getter costs more than the time.
const startedAtMs = performance.timeOrigin;

/**
 * The time in milliseconds since 1970: the wall clock at the process start, and monotonic from there. A changed system
 * clock must not make a pause endless, or an old event new.
 */
export function nowMs(): number {
  return startedAtMs + performance.now();
}
