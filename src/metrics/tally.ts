/**
 * The counters, by the name of their metric without `meet_gen_`. Known values of a label are exposed
 * from the start: Prometheus takes a counter that begins at 1 for one that has not grown.
 */
export const counters = {
  engine_requests_total: { label: 'endpoint', help: 'Calls to the engine, by the path of its API.' },
  engine_reconnects_total: { help: 'How often the event stream was reopened after a failure.' },
  events_total: { label: 'action', help: 'Events of the engine that led to a look.' },
  passes_total: {
    label: 'result',
    values: ['published', 'unchanged', 'failed'],
    help: 'Passes by result: published (a file was written), unchanged, or failed.',
  },
  reloads_total: {
    label: 'result',
    values: ['success', 'refused', 'unproven'],
    help: 'Reloads of frontends by result: success, refused or unproven.',
  },
  rollbacks_total: { help: 'Rollbacks: the last good structure was published again after nginx refused a file.' },
} as const satisfies Readonly<Record<string, { readonly label?: string; readonly values?: readonly string[]; readonly help: string }>>;

/** The histograms of durations in seconds, with the ends of their buckets. */
export const histograms = {
  pass_duration_seconds: {
    help: 'Duration of a pass, from its look until the file was written.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  event_to_live_seconds: {
    help: 'Time from an event until a frontend served its result.',
    buckets: [0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
} as const;

export type CounterName = keyof typeof counters;
export type HistogramName = keyof typeof histograms;

/** The state of a histogram: for each bucket the number of values up to its end, then the number and sum of all. */
export interface Observed {
  readonly perBucket: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** Counts since the start. */
export interface Tally {
  count(name: CounterName, label?: string): void;
  observe(name: HistogramName, seconds: number): void;
  /** Notes the time of an event (seconds since 1970). */
  heard(atSeconds: number): void;
  /** Notes the result of a frontend's reload. */
  reloaded(isSuccess: boolean, atSeconds: number): void;
  counts(name: CounterName): ReadonlyMap<string, number>;
  observed(name: HistogramName): Observed;
  lastEventAtSeconds(): number | undefined;
  lastReload(): { readonly isSuccess?: boolean; readonly successAtSeconds?: number };
}

export function createTally(): Tally {
  const counted = new Map<CounterName, Map<string, number>>();
  const seen = new Map<HistogramName, Observed>();
  let lastEventAtSeconds: number | undefined;
  let lastReload: { readonly isSuccess?: boolean; readonly successAtSeconds?: number } = {};
  const nothing = (name: HistogramName): Observed => ({ perBucket: histograms[name].buckets.map(() => 0), count: 0, sum: 0 });
  return {
    count(name, label = '') {
      const known = counted.get(name) ?? new Map<string, number>();
      counted.set(name, known);
      known.set(label, (known.get(label) ?? 0) + 1);
    },
    observe(name, seconds) {
      const { perBucket, count, sum } = seen.get(name) ?? nothing(name);
      const { buckets } = histograms[name];
      seen.set(name, {
        perBucket: perBucket.map((number, index) => (seconds <= (buckets[index] ?? Infinity) ? number + 1 : number)),
        count: count + 1,
        sum: sum + seconds,
      });
    },
    heard: (atSeconds) => void (lastEventAtSeconds = Math.max(lastEventAtSeconds ?? 0, atSeconds)),
    reloaded: (isSuccess, atSeconds) =>
      void (lastReload = { ...lastReload, isSuccess, ...(isSuccess ? { successAtSeconds: atSeconds } : {}) }),
    counts: (name) => counted.get(name) ?? new Map<string, number>(),
    observed: (name) => seen.get(name) ?? nothing(name),
    lastEventAtSeconds: () => lastEventAtSeconds,
    lastReload: () => lastReload,
  };
}
