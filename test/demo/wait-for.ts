import { setTimeout as sleep } from 'node:timers/promises';

/** A proof of the demo that did not hold: the reason, in words for the person who watches. */
export class ProofFailed extends Error {
  override readonly name = 'ProofFailed';
}

export interface WaitOptions {
  readonly withinMs: number;
  /** Called when the time is up; returns what to say. */
  readonly otherwise: () => string;
  readonly signal: AbortSignal;
}

const pollMs = 10;

/**
 * Asks again and again until there is an answer.
 * @throws ProofFailed when there is none in time
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
