import pDebounce from 'p-debounce';

/** Times of the looks after an event: at once, then once more after the quiet time, at the latest after the maximum. */
export interface Wait {
  readonly quietMs: number;
  readonly maxMs: number;
}

export interface Coalescer {
  /** Asks for a run. A run that isn't urgent waits for the quiet time. */
  trigger(urgency?: 'urgent' | 'when quiet'): void;
  /** Runs the work once, now or after the current run, without a second look. */
  once(): void;
  /** Resolves when nothing runs and nothing is pending. Triggers nothing. */
  stop(): Promise<void>;
}

/**
 * Turns many triggers into few runs. A single urgent trigger runs the work at once (leading edge), and once more after
 * `quietMs` without triggers. A burst runs the work at its start, and then after each `quietMs` of quiet or `maxMs` of
 * triggers. Only one run at a time, with one trailing rerun: p-debounce's single flight.
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
  readonly run: () => Promise<unknown>;
  readonly quietMs: number;
  readonly maxMs: number;
  running: Promise<unknown>;
  quietTimer: NodeJS.Timeout | undefined;
  maxTimer: NodeJS.Timeout | undefined;
  hasStopped: boolean;
  /** The first trigger of this burst. */
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
  // Without the empty result each promise would hold the results before it.
  state.running = Promise.allSettled([state.running, state.run()]).then(() => undefined);
}

function runWhenQuiet(state: State): void {
  clear(state);
  run(state);
}

/** Triggers go on, so the look after the quiet time is still to come. */
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
