/**
 * Bounds how often an instance's nginx is reloaded: each reload leaves old workers behind until their last connection
 * ends, unseen. So many in a row are free, and one more every so often.
 */
export interface ReloadBudget {
  /** How long a reload that can wait should be waited with, in milliseconds; 0 for now. */
  waitMs(instance: string, nowMs: number): number;
  /** Counts a reload. */
  spend(instance: string, nowMs: number): void;
  /** Forgets all instances but these. */
  retain(instances: ReadonlySet<string>): void;
}

/** Enough for somebody who tries things out, or replaces one container after the other. */
const inARow = 30;
const refillMs = 2000;

export function createReloadBudget(): ReloadBudget {
  /** When all of an instance's reloads in a row are free again. */
  const fullAtMs = new Map<string, number>();
  const owedMs = (instance: string, nowMs: number): number => Math.max(0, (fullAtMs.get(instance) ?? 0) - nowMs);
  return {
    waitMs: (instance, nowMs) => Math.max(0, owedMs(instance, nowMs) - (inARow - 1) * refillMs),
    spend(instance, nowMs) {
      fullAtMs.set(instance, nowMs + owedMs(instance, nowMs) + refillMs);
    },
    retain(instances) {
      for (const instance of fullAtMs.keys()) if (!instances.has(instance)) fullAtMs.delete(instance);
    },
  };
}
