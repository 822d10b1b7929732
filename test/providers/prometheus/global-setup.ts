import { findPrometheus } from './find-prometheus.ts';

/** Finds or unpacks Prometheus before the tests, since a download takes long and tests have deadlines. */
export async function setup(): Promise<void> {
  await findPrometheus();
}
