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
  const state: State = {
    run: pDebounce.promise(work, { after: true }),
    quietMs: wait.quietMs,
    maxMs: Math.max(wait.maxMs, wait.quietMs),
    running: Promise.resolve(),
    quietTimer: undefined,
    maxTimer: undefined,
    hasStopped: false,
    hasRunAtOnce: false,
  };
  return {
    once() {
      if (!state.hasStopped) run(state);
    },
    trigger: (urgency = 'urgent') => trigger(state, urgency === 'urgent'),
    async stop() {
      state.hasStopped = true;
      clear(state);
      await state.running;
    },
  };
}

interface State {
  /** One run at a time, with one trailing rerun. */
  readonly run: () => Promise<unknown>;
  readonly quietMs: number;
  readonly maxMs: number;
  running: Promise<unknown>;
  quietTimer: NodeJS.Timeout | undefined;
  maxTimer: NodeJS.Timeout | undefined;
  hasStopped: boolean;
  /** In this burst of triggers. */
  hasRunAtOnce: boolean;
}

function trigger(state: State, isUrgent: boolean): void {
  if (state.hasStopped) return;
  const isFirst = state.quietTimer === undefined;
  clearTimeout(state.quietTimer);
  state.quietTimer = setTimeout(() => runWhenQuiet(state), state.quietMs);
  if (isFirst) {
    state.maxTimer = setTimeout(() => runAtMaximum(state), state.maxMs);
    state.hasRunAtOnce = false;
  }
  if (!isUrgent || state.hasRunAtOnce) return;
  state.hasRunAtOnce = true;
  run(state);
}

function run(state: State): void {
  // Without the empty result each promise would hold all that went before it.
  state.running = Promise.allSettled([state.running, state.run()]).then(() => undefined);
}

function runWhenQuiet(state: State): void {
  clear(state);
  run(state);
}

/** The stream goes on: the look when it has fallen quiet is still to come. */
function runAtMaximum(state: State): void {
  state.maxTimer = setTimeout(() => runAtMaximum(state), state.maxMs);
  run(state);
}

function clear(state: State): void {
  clearTimeout(state.quietTimer);
  clearTimeout(state.maxTimer);
  state.quietTimer = undefined;
  state.maxTimer = undefined;
}
