import { findPrometheus } from './find-prometheus.ts';

/** Has Prometheus at hand before the first test that asks it: what may take long is done outside of their deadlines. */
export async function setup(): Promise<void> {
  await findPrometheus();
}
