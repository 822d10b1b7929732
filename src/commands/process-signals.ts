import { forceEnd, whatIsUnderWay } from './force-end.ts';
import type { RunSignals } from './run.ts';
import { exitCodes, say, sayBug } from './terminal.ts';

/** A stop that takes longer is forced; with the grace for a file operation that is 2 s. */
const stopLimitMs = 1800;

/** Aborts at Ctrl-C or a stop, so that a drain can be taken back. */
export function interruption(): AbortSignal {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  return abort.signal;
}

/** HUP, TERM and INT, as the sidecar understands them. */
export function operatorSignals(): RunSignals {
  const stop = new AbortController();
  let resyncNow: (() => void) | undefined;
  let report = sayForced;
  const force = (): void => {
    report(whatIsUnderWay());
    forceEnd(exitCodes.bug);
  };
  const end = (): void => {
    if (stop.signal.aborted) {
      forceEnd(exitCodes.ok);
      return;
    }
    // When nothing is under way any more, the process ends before.
    setTimeout(force, stopLimitMs).unref();
    stop.abort();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // Taken from the start: without a listener a HUP ends the process.
  process.on('SIGHUP', () => resyncNow?.());
  return {
    stop: stop.signal,
    onResync: (resync) => void (resyncNow = resync),
    onBug: (tell) => void (reportBug = tell),
    onForced: (listener) => void (report = listener),
  };
}

function sayForced(underWay: readonly string[]): void {
  say(`stop forced, work did not end in time: ${underWay.join(', ')}`);
}

/** How an error is reported that nobody has caught; the sidecar has its log for it. */
let reportBug: (error: unknown) => void = sayBug;

/** What reaches the process itself has gone past every boundary, so that nothing is certain any more: a restart is safe. */
export function exitOnBugs(): void {
  process.on('uncaughtException', (error) => {
    try {
      reportBug(error);
    } finally {
      forceEnd(exitCodes.bug);
    }
  });
}
