import type { Document } from '../status/document.ts';
import type { MetricValues } from './metrics.ts';

/** Metrics → Prometheus' text format (exposition formats, 0.0.4). */
export function exposeMetrics(metrics: readonly MetricValues[]): Document {
  return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: `${metrics.map(linesOf).join('\n\n')}\n` };
}

function linesOf({ name, help, type, values }: MetricValues): string {
  const samples = values.map(({ metricName = name, labels, value }) => `${metricName}${labelsText(labels)} ${value}`);
  return [`# HELP ${name} ${escape(help)}`, `# TYPE ${name} ${type}`, ...samples].join('\n');
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
