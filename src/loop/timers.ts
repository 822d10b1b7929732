/** Reasons for a look without a new event; `final` is the second look after an event. */
export type Reason = 'retry' | 'final' | 'throttled' | 'memory';

/** The reasons in words. A final look belongs to its event. */
export const dueByTime: Readonly<Record<Exclude<Reason, 'final'>, string>> = {
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
