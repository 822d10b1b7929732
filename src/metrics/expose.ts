import type { Metric } from 'prom-client';
import type { Document } from '../status/document.ts';
import type { MetricValues } from './metrics.ts';

/** The text that Prometheus reads; the library that writes it is loaded when it is first asked for. */
export async function exposeMetrics(metrics: readonly MetricValues[]): Promise<Document> {
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  for (const metric of metrics) {
    const own = { name: metric.name, get: () => Promise.resolve(metric) };
    registry.registerMetric(own as unknown as Metric);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}
