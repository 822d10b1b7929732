import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { gauges } from '../../../src/metrics/metrics.ts';
import { counters, histograms } from '../../../src/metrics/tally.ts';
import { problemTable } from '../../../src/model/problem.ts';

const read = (name: string): string => readFileSync(new URL(`../../../docs/observability/${name}`, import.meta.url), 'utf8');

const series = new Set([
  ...[...Object.keys(gauges), ...Object.keys(counters)].map((name) => `meet_gen_${name}`),
  ...Object.keys(histograms).flatMap((name) => ['bucket', 'sum', 'count'].map((part) => `meet_gen_${name}_${part}`)),
]);

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string; readonly annotations: object }[];
  }[];
}
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const alerts = (parse(read('alerts.yml')) as Alerts).groups.flatMap(({ rules }) => rules);
const panels = (JSON.parse(read('dashboard.json')) as Dashboard).panels;
const expressions = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

describe('alerts and dashboard', () => {
  it.each(expressions)('%s asks for series that there are: %s', (_, expr) => {
    const used = expr.match(/meet_gen_[a-z_]+/g) ?? [];
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !series.has(name))).toEqual([]);
  });

  it('the dashboard shows every metric', () => {
    const text = expressions.map(([, expr]) => expr).join(' ');
    const shown = [...Object.keys(gauges), ...Object.keys(counters), ...Object.keys(histograms)].filter(
      (name) => !text.includes(`meet_gen_${name}`),
    );
    expect(shown).toEqual(['engine_last_event_timestamp_seconds', 'last_reload_timestamp_seconds']);
  });

  it('alerts are about problems that there are', () => {
    const codes = alerts.flatMap(({ expr }) => /code=~"([^"]+)"/.exec(expr)?.[1]?.split('|') ?? []);
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code) => !(code in problemTable))).toEqual([]);
  });

  it('every alert says what it is and what to do', () => {
    for (const { annotations } of alerts) expect(Object.keys(annotations)).toEqual(['summary', 'description']);
  });
});
