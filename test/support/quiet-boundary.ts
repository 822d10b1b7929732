import { createErrorBoundary } from '../../src/util/error-boundary.ts';
import type { ErrorBoundary } from '../../src/util/error-boundary.ts';
import { nowMs } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';

/** A boundary whose log nobody reads; what fails is in its failures. */
export function quietBoundary(): ErrorBoundary {
  return createErrorBoundary(silentLog, nowMs);
}
