/** The answers of DNS about one task. Times in milliseconds since 1970. */
interface Doubt {
  readonly isUnlisted: boolean;
  /** How many times DNS dropped the task. */
  readonly drops: number;
  /** The task counts as unlisted until then, although DNS lists it again. */
  readonly heldUntilMs: number;
}

export type Doubts = ReadonlyMap<string, Doubt>;

/** Each change costs a reload, and no throttle delays a removal. */
const firstHoldMs = 500;
const longestHoldMs = 60_000;
/** After this time without a drop, a task counts as any other. */
const forgetMs = 600_000;

/**
 * The doubts after an answer. A task that DNS drops for the first time is admitted as soon as DNS lists it again. With each
 * further drop it waits twice as long, so answers that change each time cause few reloads.
 * @param running the ids of the tasks that the answer is about
 * @param unlisted the tasks among them that the answer leaves out
 */
export function afterAnswer(doubts: Doubts, running: readonly string[], unlisted: readonly string[], nowMs: number): Doubts {
  const missing = new Set(unlisted);
  return new Map(
    running.flatMap((id): [string, Doubt][] => {
      const before = doubts.get(id);
      if (missing.has(id)) return [[id, { isUnlisted: true, drops: dropsAfter(before), heldUntilMs: 0 }]];
      if (before === undefined) return [];
      const after = before.isUnlisted ? { ...before, isUnlisted: false, heldUntilMs: nowMs + holdMs(before.drops) } : before;
      return nowMs - after.heldUntilMs < forgetMs ? [[id, after]] : [];
    }),
  );
}

/** The tasks that count as unlisted. */
export function doubtedTasks(doubts: Doubts, nowMs: number): readonly string[] {
  return [...doubts].filter(([, { isUnlisted, heldUntilMs }]) => isUnlisted || nowMs < heldUntilMs).map(([id]) => id);
}

function dropsAfter(before: Doubt | undefined): number {
  if (before === undefined) return 1;
  return before.isUnlisted ? before.drops : before.drops + 1;
}

function holdMs(drops: number): number {
  return drops <= 1 ? 0 : Math.min(firstHoldMs * 2 ** (drops - 2), longestHoldMs);
}
