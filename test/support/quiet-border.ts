import { createBorder } from '../../src/border.ts';
import type { Border } from '../../src/border.ts';
import { nowMs } from '../../src/clock.ts';

/** A border whose log nobody reads; what fails is in its problems. */
export function quietBorder(): Border {
  return createBorder({ error: () => undefined, info: () => undefined }, nowMs);
}
