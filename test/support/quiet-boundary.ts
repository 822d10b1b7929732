import { createErrorBoundary } from '../../src/util/error-boundary.ts';
import type { ErrorBoundary } from '../../src/util/error-boundary.ts';
import { nowMs } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';

/** A boundary that logs nothing. Its failures show the errors. */
export function quietBoundary(): ErrorBoundary {
  return createErrorBoundary(silentLog, nowMs);
}
