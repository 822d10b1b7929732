/** Reasons to look again without an event. */
export type Reason = 'retry' | 'final' | 'unannounced' | 'throttled' | 'memory';

/** The reasons in words. A final look belongs to its event, and a change without an event has none until a look shows it. */
export const dueByTime: Readonly<Record<Exclude<Reason, 'final' | 'unannounced'>, string>> = {
  retry: 'tried again',
  throttled: 'a reload that was held back',
  memory: 'the time that has passed',
};

export interface Timers {
  after(reason: Reason, delayMs: number): void;
  clear(): void;
}

/** Timers for looks: one for each reason, however many passes ask for one. */
export function createTimers(look: (reason: Reason) => void): Timers {
  const timers = new Map<Reason, NodeJS.Timeout>();
  let isOver = false;
  return {
    after(reason, delayMs) {
      // The last pass may end after the loop was stopped.
      if (isOver) return;
      clearTimeout(timers.get(reason));
      timers.set(
        reason,
        setTimeout(() => look(reason), Math.max(0, delayMs)),
      );
    },
    clear() {
      isOver = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
