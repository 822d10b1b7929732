import type { ReplicaStatus, StatusSnapshot } from '../status/snapshot.ts';
import { counters, histograms } from './tally.ts';
import type { CounterName, HistogramName, Observed, Tally } from './tally.ts';

// In: counts and a snapshot. Out: the text of Prometheus. The counters and histograms are in `tally.ts`.

/** A metric and its values. */
export interface MetricValues {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string>>;
    /** The name of a histogram's part. */
    readonly metricName?: string;
  }[];
}

const prefix = 'meet_gen_';

/** The gauges and their labels. `docs/metrics.md` is generated from this table. */
export const gauges = {
  build_info: { labels: ['version', 'node'], help: 'Always 1: the version of meet-gen, and of Node.' },
  engine_connected: { labels: [], help: '1 while the event stream is open, else 0.' },
  engine_last_event_timestamp_seconds: { labels: [], help: 'When the last event came that led to a look.' },
  engine_last_sync_timestamp_seconds: { labels: [], help: 'When the engine last answered a look.' },
  generation_info: { labels: ['instance', 'generation'], help: 'Always 1: the published generation of each instance.' },
  last_reload_successful: { labels: [], help: '1 when the last reload succeeded, else 0.' },
  last_reload_timestamp_seconds: { labels: [], help: 'When a reload last succeeded.' },
  upstreams: {
    labels: ['instance', 'service', 'state'],
    help: 'Containers of each service: in_rotation, or why not: starting, unhealthy, draining, stopping, out.',
  },
  problems: { labels: ['code'], help: 'Current problems by code.' },
} as const satisfies Readonly<Record<string, { readonly labels: readonly string[]; readonly help: string }>>;

type GaugeName = keyof typeof gauges;
type Value = readonly [value: number, ...labels: readonly string[]];

/** States that are exposed even for no container, so that an alert can compare with 0. */
const upstreamStates = ['in_rotation', 'starting', 'unhealthy', 'draining', 'stopping', 'out'] as const;

/** Counts and snapshot → all metrics. */
export function metricsOf(tally: Tally, snapshot: StatusSnapshot, node: string): readonly MetricValues[] {
  const { version, engine, instances, problems } = snapshot;
  const { isSuccess, successAtSeconds } = tally.lastReload();
  const lastSyncAtSeconds = engine.lastSyncAt === null ? undefined : Date.parse(engine.lastSyncAt) / 1000;
  return [
    gauge('build_info', [[1, version, node]]),
    gauge('engine_connected', [[engine.connected ? 1 : 0]]),
    gauge('engine_last_event_timestamp_seconds', known(tally.lastEventAtSeconds())),
    gauge('engine_last_sync_timestamp_seconds', known(lastSyncAtSeconds)),
    gauge(
      'generation_info',
      instances.flatMap(({ name, publishedGeneration }) => (publishedGeneration === undefined ? [] : [[1, name, publishedGeneration]])),
    ),
    gauge('last_reload_successful', known(isSuccess === undefined ? undefined : Number(isSuccess))),
    gauge('last_reload_timestamp_seconds', known(successAtSeconds)),
    gauge(
      'upstreams',
      instances.flatMap(({ name, services }) => services.flatMap(({ service, replicas }) => countStates(name, service, replicas))),
    ),
    gauge(
      'problems',
      [...countBy(problems.map(({ code }) => code))].map(([code, count]) => [count, code]),
    ),
    ...(Object.keys(counters) as CounterName[]).map((name) => counter(name, tally.counts(name))),
    ...(Object.keys(histograms) as HistogramName[]).map((name) => histogram(name, tally.observed(name))),
  ];
}

function known(value: number | undefined): readonly Value[] {
  return value === undefined ? [] : [[value]];
}

function countStates(instance: string, service: string, replicas: readonly ReplicaStatus[]): readonly Value[] {
  const states = replicas.map(({ inRotation, rank }) => {
    if (inRotation) return 'in_rotation';
    return rank === 'ready' || rank === 'never' ? 'out' : rank;
  });
  const counted = countBy(states);
  return upstreamStates.map((state) => [counted.get(state) ?? 0, instance, service, state]);
}

function countBy(texts: readonly string[]): ReadonlyMap<string, number> {
  const counted = new Map<string, number>();
  for (const text of texts) counted.set(text, (counted.get(text) ?? 0) + 1);
  return counted;
}

function gauge(name: GaugeName, values: readonly Value[]): MetricValues {
  const { labels, help } = gauges[name];
  return {
    name: `${prefix}${name}`,
    help,
    type: 'gauge',
    values: values.map(([value, ...texts]) => ({
      value,
      labels: Object.fromEntries(labels.map((label, index) => [label, texts[index] ?? ''])),
    })),
  };
}

/** Counters without a label, and known values of a label, start at 0. Other values appear with their first count. */
function counter(name: CounterName, counts: ReadonlyMap<string, number>): MetricValues {
  const { help, ...more } = counters[name];
  const label = 'label' in more ? more.label : undefined;
  const beforehand = 'values' in more ? more.values : [];
  const values =
    label === undefined
      ? [{ value: counts.get('') ?? 0, labels: {} }]
      : [...new Map([...beforehand.map((text) => [text, 0] as const), ...counts])].map(([text, value]) => ({
          value,
          labels: { [label]: text },
        }));
  return { name: `${prefix}${name}`, help, type: 'counter', values };
}

function histogram(name: HistogramName, { perBucket, count, sum }: Observed): MetricValues {
  const { help, buckets } = histograms[name];
  const full = `${prefix}${name}`;
  const bucket = (end: string, value: number): MetricValues['values'][number] => ({
    metricName: `${full}_bucket`,
    labels: { le: end },
    value,
  });
  return {
    name: full,
    help,
    type: 'histogram',
    values: [
      ...buckets.map((end, index) => bucket(String(end), perBucket[index] ?? 0)),
      bucket('+Inf', count),
      { metricName: `${full}_sum`, labels: {}, value: sum },
      { metricName: `${full}_count`, labels: {}, value: count },
    ],
  };
}
