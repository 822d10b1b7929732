/** The user ended the run: Ctrl-C, a closed terminal, or a closed pipe at the output. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const repeatedAfterMs = 500;

/**
 * @returns a signal that aborts at the first interruption. A second one prints the hint and ends the process at once.
 */
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
    // npm and tsx pass on the signal that the terminal has sent to every process already. It is not a second Ctrl-C.
    if (nowMs - firstAtMs < repeatedAfterMs) return;
    process.stderr.write(`\n${hint()}\n`);
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  process.stdout.on('error', interrupt);
  return abort.signal;
}
