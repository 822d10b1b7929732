import { setTimeout as sleep } from 'node:timers/promises';

/** A failed proof of the demo. The message is for the user. */
export class ProofFailed extends Error {
  override readonly name = 'ProofFailed';
}

export interface WaitOptions {
  readonly withinMs: number;
  /** @returns the message of the failure, when the time is up */
  readonly otherwise: () => string;
  readonly signal: AbortSignal;
}

const pollMs = 10;

/**
 * Looks every 10 ms until there is a value.
 * @throws ProofFailed without a value in time
 */
export async function waitFor<Value>(
  look: () => Promise<Value | undefined> | Value | undefined,
  { withinMs, otherwise, signal }: WaitOptions,
): Promise<Value> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    signal.throwIfAborted();
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > untilMs) throw new ProofFailed(otherwise());
    await sleep(pollMs, undefined, { signal });
  }
}
