/** Whoever watches wants no more: Ctrl-C, a closed terminal, or a reader of the output that has gone. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const repeatedAfterMs = 500;

/** A signal that aborts at the first interruption; at a second one the process ends at once, `hint` being its last word. */
export function interruption(hint: () => string): AbortSignal {
  const abort = new AbortController();
  let firstAtMs: number | undefined;
  const interrupt = (): void => {
    const nowMs = Date.now();
    if (firstAtMs === undefined) {
      firstAtMs = nowMs;
      abort.abort(new Interrupted('interrupted'));
      return;
    }
    // npm and tsx pass on what the terminal has already sent to all of us: that is no second Ctrl-C.
    if (nowMs - firstAtMs < repeatedAfterMs) return;
    process.stderr.write(`\n${hint()}\n`);
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  process.stdout.on('error', interrupt);
  return abort.signal;
}
