import pDebounce from 'p-debounce';

/** When to look: at once, and once more after the quiet time, which never lasts longer than the maximum. */
export interface Wait {
  readonly quietMs: number;
  readonly maxMs: number;
}

export interface Coalescer {
  /** Something may have changed; what is not urgent waits until it is quiet. */
  trigger(urgency?: 'urgent' | 'when quiet'): void;
  /** Runs the work once, now or after the run under way, without a second look. */
  once(): void;
  /** Resolves when nothing runs and nothing is pending; never triggers anything. */
  stop(): Promise<void>;
}

/**
 * Turns many triggers into few runs. An isolated urgent trigger runs the work at once (leading edge) and once more when it has
 * been quiet for `quietMs`; in a burst there is the one at the start, then one each time it falls quiet or `maxMs` has
 * passed. One run at a time with one trailing rerun, which is what p-debounce's single flight gives.
 */
export function createCoalescer(work: () => Promise<unknown>, wait: Wait): Coalescer {
  const singleFlight = pDebounce.promise(work, { after: true });
  let running: Promise<unknown> = Promise.resolve();
  let quietTimer: NodeJS.Timeout | undefined;
  let maxTimer: NodeJS.Timeout | undefined;
  let stopped = false;
  let hasRunAtOnce = false;
  const maxMs = Math.max(wait.maxMs, wait.quietMs);

  const clear = (): void => {
    clearTimeout(quietTimer);
    clearTimeout(maxTimer);
    quietTimer = undefined;
    maxTimer = undefined;
  };
  const run = (): void => {
    // Without the empty result each promise would hold all that went before it.
    running = Promise.allSettled([running, singleFlight()]).then(() => undefined);
  };
  const runWhenQuiet = (): void => {
    clear();
    run();
  };
  /** The stream goes on: the look when it has fallen quiet is still to come. */
  const runAtMaximum = (): void => {
    maxTimer = setTimeout(runAtMaximum, maxMs);
    run();
  };
  return {
    once() {
      if (!stopped) run();
    },
    trigger(urgency = 'urgent') {
      if (stopped) return;
      const isFirst = quietTimer === undefined;
      clearTimeout(quietTimer);
      quietTimer = setTimeout(runWhenQuiet, wait.quietMs);
      if (isFirst) {
        maxTimer = setTimeout(runAtMaximum, maxMs);
        hasRunAtOnce = false;
      }
      if (urgency === 'when quiet' || hasRunAtOnce) return;
      hasRunAtOnce = true;
      run();
    },
    async stop() {
      stopped = true;
      clear();
      await running;
    },
  };
}
