import type { BenchContext, Figure } from '../figure.ts';

/** Measures on a real engine and a real nginx. */
export async function measureLive({ log }: BenchContext): Promise<readonly Figure[]> {
  log('live: nothing is measured yet');
  return [];
}
