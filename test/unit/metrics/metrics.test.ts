import { describe, expect, it } from 'vitest';
import { exposeMetrics } from '../../../src/metrics/expose.ts';
import { metricsOf } from '../../../src/metrics/metrics.ts';
import { createTally } from '../../../src/metrics/tally.ts';
import { problem } from '../../../src/model/problem.ts';
import type { ReplicaStatus, StatusSnapshot } from '../../../src/status/snapshot.ts';

const replica = (rank: ReplicaStatus['rank'], inRotation = false): ReplicaStatus => ({
  container: 'backend',
  id: 'abc',
  state: 'running',
  health: 'none',
  inRotation,
  rank,
  reason: '',
});
const snapshot: StatusSnapshot = {
  version: '0.1.0',
  ready: true,
  converged: true,
  engine: { connected: true, lastSyncAt: '2026-01-01T00:00:01.500Z' },
  instances: [
    {
      name: 'meet',
      converged: true,
      publishedGeneration: '0123456789abcdef',
      frontends: [],
      services: [
        {
          service: 'meet/backend',
          role: 'backend',
          replicas: [replica('ready', true), replica('ready'), replica('starting'), replica('never'), replica('stopping')],
        },
      ],
      routes: [],
    },
  ],
  problems: [problem('drained', { message: 'm', cure: 'c' }), problem('drained', { message: 'n', cure: 'c' })],
  changes: [],
};

function linesOf(tally = createTally()): readonly string[] {
  return exposeMetrics(metricsOf(tally, snapshot, 'v24.0.0')).text.split('\n');
}

const contractNames = [
  'build_info',
  'engine_connected',
  'engine_last_event_timestamp_seconds',
  'engine_last_sync_timestamp_seconds',
  'engine_reconnects_total',
  'engine_requests_total',
  'events_total',
  'passes_total',
  'pass_duration_seconds',
  'event_to_live_seconds',
  'generation_info',
  'reloads_total',
  'last_reload_successful',
  'last_reload_timestamp_seconds',
  'rollbacks_total',
  'upstreams',
  'problems',
];

describe('the exposed metrics', () => {
  it('have every name, with its meaning', () => {
    const text = linesOf().join('\n');
    for (const name of contractNames)
      expect(text).toMatch(new RegExp(`^# HELP meet_gen_${name} .+\\n# TYPE meet_gen_${name} (gauge|counter|histogram)$`, 'm'));
  });

  it('show the current state', () => {
    const lines = linesOf();
    expect(lines).toEqual(
      expect.arrayContaining([
        'meet_gen_build_info{version="0.1.0",node="v24.0.0"} 1',
        'meet_gen_engine_connected 1',
        'meet_gen_engine_last_sync_timestamp_seconds 1767225601.5',
        'meet_gen_generation_info{instance="meet",generation="0123456789abcdef"} 1',
        'meet_gen_upstreams{instance="meet",service="meet/backend",state="in_rotation"} 1',
        'meet_gen_upstreams{instance="meet",service="meet/backend",state="starting"} 1',
        'meet_gen_upstreams{instance="meet",service="meet/backend",state="unhealthy"} 0',
        'meet_gen_upstreams{instance="meet",service="meet/backend",state="draining"} 0',
        'meet_gen_upstreams{instance="meet",service="meet/backend",state="stopping"} 1',
        'meet_gen_upstreams{instance="meet",service="meet/backend",state="out"} 2',
        'meet_gen_problems{code="drained"} 2',
        'meet_gen_rollbacks_total 0',
      ]),
    );
    // A metric has no sample before its first value.
    for (const name of ['engine_last_event_timestamp_seconds', 'last_reload_successful', 'last_reload_timestamp_seconds', 'events_total'])
      expect(lines.filter((line) => line.startsWith(`meet_gen_${name}`))).toEqual([]);
  });

  it('begin each result at 0, so that Prometheus sees the first increase', () => {
    const tally = createTally();
    tally.count('passes_total', 'unchanged');
    tally.count('reloads_total', 'refused');
    const lines = linesOf(tally);
    expect(lines.filter((line) => /^meet_gen_(passes|reloads)_total/.test(line))).toEqual([
      'meet_gen_passes_total{result="published"} 0',
      'meet_gen_passes_total{result="unchanged"} 1',
      'meet_gen_passes_total{result="failed"} 0',
      'meet_gen_reloads_total{result="success"} 0',
      'meet_gen_reloads_total{result="refused"} 1',
      'meet_gen_reloads_total{result="unproven"} 0',
    ]);
  });

  it('count, and put durations into cumulative buckets', () => {
    const tally = createTally();
    tally.count('events_total', 'start');
    tally.count('events_total', 'start');
    tally.count('events_total', 'die');
    tally.count('rollbacks_total');
    tally.heard(7);
    tally.heard(5);
    for (const seconds of [0.05, 0.06, 99]) tally.observe('event_to_live_seconds', seconds);
    expect(linesOf(tally)).toEqual(
      expect.arrayContaining([
        'meet_gen_events_total{action="start"} 2',
        'meet_gen_events_total{action="die"} 1',
        'meet_gen_rollbacks_total 1',
        'meet_gen_engine_last_event_timestamp_seconds 7',
        'meet_gen_event_to_live_seconds_bucket{le="0.025"} 0',
        'meet_gen_event_to_live_seconds_bucket{le="0.05"} 1',
        'meet_gen_event_to_live_seconds_bucket{le="0.075"} 2',
        'meet_gen_event_to_live_seconds_bucket{le="30"} 2',
        'meet_gen_event_to_live_seconds_bucket{le="+Inf"} 3',
        'meet_gen_event_to_live_seconds_sum 99.11',
        'meet_gen_event_to_live_seconds_count 3',
      ]),
    );
  });
});

describe('the text format', () => {
  it('escapes labels and help', () => {
    const { text, contentType } = exposeMetrics([
      {
        name: 'a_total',
        help: 'How many "x", \\ and\nlines.',
        type: 'counter',
        values: [
          { value: 1, labels: { of: 'é {"x"} \\ \n', and: '' } },
          { value: 2e30, labels: {} },
        ],
      },
      { name: 'b', help: 'None.', type: 'gauge', values: [] },
      { name: 'c', help: 'One.', type: 'histogram', values: [{ value: 0.5, labels: { le: '+Inf' }, metricName: 'c_bucket' }] },
    ]);
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toBe(
      String.raw`# HELP a_total How many "x", \\ and\nlines.
# TYPE a_total counter
a_total{of="é {\"x\"} \\ \n",and=""} 1
a_total 2e+30

# HELP b None.
# TYPE b gauge

# HELP c One.
# TYPE c histogram
c_bucket{le="+Inf"} 0.5
`,
    );
  });
});
