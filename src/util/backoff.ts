/** Pauses between attempts: 100 ms, doubled each time up to a cap, with jitter. `reset` starts over. */
export interface Backoff {
  nextMs(): number;
  reset(): void;
}

const firstMs = 100;

/** @param random 0 to 1; half of each pause is jitter, so that several clients don't come back at once */
export function createBackoff(capMs: number, random: () => number = Math.random): Backoff {
  let attempt = 0;
  return {
    nextMs() {
      const fullMs = Math.min(firstMs * 2 ** attempt, capMs);
      attempt = Math.min(attempt + 1, 30);
      return fullMs / 2 + (fullMs / 2) * random();
    },
    reset() {
      attempt = 0;
    },
  };
}
