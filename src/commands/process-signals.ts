import { forceEnd, pendingOperations } from './force-end.ts';
import type { RunSignals } from './run.ts';
import { exitCodes, say, sayBug } from './terminal.ts';

/** A longer stop is forced. With the grace for a file operation, a stop takes at most 2 s. */
const stopLimitMs = 1800;

/** Aborts at Ctrl-C or SIGTERM, so that a drain can be cancelled. */
export function interruption(): AbortSignal {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  return abort.signal;
}

/** Maps HUP to a resync, and TERM and INT to a stop. A second TERM or INT exits at once. */
export function operatorSignals(): RunSignals {
  const stop = new AbortController();
  let resyncNow: (() => void) | undefined;
  let report = reportForcedStop;
  const force = (): void => {
    report(pendingOperations());
    forceEnd(exitCodes.bug);
  };
  const end = (): void => {
    if (stop.signal.aborted) {
      forceEnd(exitCodes.ok);
      return;
    }
    // Without pending operations the process ends earlier.
    setTimeout(force, stopLimitMs).unref();
    stop.abort();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // Listens from the start, since a HUP without a listener ends the process.
  process.on('SIGHUP', () => resyncNow?.());
  return {
    stop: stop.signal,
    onResync: (resync) => void (resyncNow = resync),
    onBug: (listener) => void (reportBug = listener),
    onForced: (listener) => void (report = listener),
  };
}

function reportForcedStop(underWay: readonly string[]): void {
  say(`stop forced, work did not end in time: ${underWay.join(', ')}`);
}

/** Reports an uncaught error. The sidecar replaces it by a function that writes to its log. */
let reportBug: (error: unknown) => void = sayBug;

/** Exits at an uncaught error: it has passed every boundary, so the state may be wrong, and a restart is safe. */
export function exitOnBugs(): void {
  process.on('uncaughtException', (error) => {
    try {
      reportBug(error);
    } finally {
      forceEnd(exitCodes.bug);
    }
  });
}
