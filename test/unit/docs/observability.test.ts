import { describe, expect, it } from 'vitest';
import { gauges } from '../../../src/metrics/metrics.ts';
import { counters, histograms } from '../../../src/metrics/tally.ts';
import { problemTable } from '../../../src/model/problem.ts';
import { readAlerts, readDashboard, type Panel } from '../../support/observability-files.ts';

const series = new Set([
  ...[...Object.keys(gauges), ...Object.keys(counters)].map((name) => `meet_gen_${name}`),
  ...Object.keys(histograms).flatMap((name) => ['bucket', 'sum', 'count'].map((part) => `meet_gen_${name}_${part}`)),
]);

const alerts = readAlerts();
const { panels, templating, annotations, schemaVersion } = readDashboard();
const expressions = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...annotations.list.map(({ name, expr }) => [name, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

/** Panels without units and labels. */
function isMeasured({ type, fieldConfig }: Panel): boolean {
  return type !== 'table' && fieldConfig.defaults.mappings === undefined;
}

describe('alerts and dashboard', () => {
  it.each(expressions)('ask for existing series: %s: %s', (_, expr) => {
    const used = expr.match(/meet_gen_[a-z_]+/g) ?? [];
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !series.has(name))).toEqual([]);
  });

  it('show every metric on the dashboard', () => {
    const text = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join(' ');
    const missing = [...Object.keys(gauges), ...Object.keys(counters), ...Object.keys(histograms)].filter(
      (name) => !text.includes(`meet_gen_${name}`),
    );
    expect(missing).toEqual(['engine_last_event_timestamp_seconds', 'last_reload_timestamp_seconds']);
  });

  it('name existing problem codes', () => {
    const codes = alerts.flatMap(({ expr }) => /code=~"([^"]+)"/.exec(expr)?.[1]?.split('|') ?? []);
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code) => !(code in problemTable))).toEqual([]);
    // The metric has no problem that only `status` finds. MeetGenEngineAway covers the engine.
    const costly = Object.entries(problemTable).filter(([, { severity }]) => severity === 'error');
    expect(costly.flatMap(([code]) => (codes.includes(code) ? [] : code))).toEqual(['connection-refused', 'engine-unreachable']);
  });

  it('have a summary and a cure for every alert', () => {
    for (const { annotations: words } of alerts) expect(Object.keys(words)).toEqual(['summary', 'description']);
  });

  it('compare quantiles with bucket limits: values between two limits are estimates', () => {
    const limits = alerts.flatMap(({ expr }) => [...expr.matchAll(/histogram_quantile.*meet_gen_(\w+)_bucket.*> ([\d.]+)$/g)]);
    expect(limits.length).toBeGreaterThan(0);
    for (const [, name, limit] of limits) expect(histograms[name as keyof typeof histograms].buckets).toContain(Number(limit));
  });
});

describe('the dashboard', () => {
  const places = panels.map(({ title, gridPos: { x, y, w, h } }) => ({ title, left: x, top: y, right: x + w, bottom: y + h }));

  it('is of a version that Grafana 11 reads', () => {
    expect(schemaVersion).toBe(39);
  });

  it('has panels of different ids and titles', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  it('has panels within its 24 columns, without overlap', () => {
    expect(places.filter(({ left, right }) => left < 0 || right > 24)).toEqual([]);
    const pairs = places.flatMap((one, index) => places.slice(index + 1).map((other) => [one, other] as const));
    const overlapping = pairs.filter(
      ([one, other]) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom,
    );
    expect(overlapping).toEqual([]);
  });

  it('asks the chosen Prometheus everywhere', () => {
    expect(templating.list).toEqual([expect.objectContaining({ name: 'datasource', type: 'datasource', query: 'prometheus' })]);
    const used = [...panels, ...panels.flatMap(({ targets }) => targets), ...annotations.list].map(({ datasource }) => datasource);
    expect(used.filter(({ type, uid }) => type !== 'prometheus' || uid !== '${datasource}')).toEqual([]);
  });

  it.each(panels.map((panel) => [panel.title, panel] as const))('has a description and a unit for the panel %s', (_, panel) => {
    expect(panel.description).toMatch(/\.$/);
    if (isMeasured(panel)) expect(['s', 'short', 'eps', 'reqps', 'ops']).toContain(panel.fieldConfig.defaults.unit);
  });

  it.each(panels.flatMap((panel) => panel.targets.map((target) => [panel.title, target.refId, panel, target] as const)))(
    'names its lines, and lets Grafana choose the window of its rates: %s, %s',
    (_, __, { type, targets }, { expr, legendFormat, instant }) => {
      if (type === 'timeseries') expect(legendFormat).not.toBe('');
      else expect([targets.length, instant]).toEqual([1, true]);
      const grouped = /by \(([^)]+)\)/.exec(expr)?.[1]?.split(', ') ?? [];
      for (const label of grouped.filter((name) => name !== 'le')) expect(legendFormat).toContain(`{{${label}}}`);
      for (const [, window] of expr.matchAll(/\[([^\]]+)\]/g)) expect(window).toBe('$__rate_interval');
    },
  );

  it('has lines of different names in each graph', () => {
    for (const { targets } of panels) expect(new Set(targets.map(({ legendFormat }) => legendFormat)).size).toBe(targets.length);
  });
});
