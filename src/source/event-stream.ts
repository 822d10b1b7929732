import type { Subscribe } from './source.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBackoff } from '../util/backoff.ts';
import type { Backoff } from '../util/backoff.ts';
import { nowMs } from '../util/clock.ts';
import { EngineError } from './engine-error.ts';
import type { EngineEvent } from '../model/engine-event.ts';

export interface EventStreamHooks {
  /** `isPast`: it happened before we first asked, so a list that is made now shows its outcome. */
  onEvent(event: EngineEvent, isPast: boolean): void;
  /** The engine has answered: a list begun from now on misses nothing. `isRenewal` when nothing was wrong before. */
  onOpened(isRenewal: boolean): void;
  /** The stream is there, and lasts. */
  onConnected(): void;
  onDisconnected(error: unknown): void;
}

export interface EventStream {
  /** Opens another stream when nothing was heard since the last call: a half-open stream looks like a quiet one. */
  renewIfSilent(): void;
  /** Resolves after the signal has aborted. */
  readonly ended: Promise<void>;
}

/** A stream that lived this long worked; one that ended earlier is a fault, and is not hurried. */
const steadyMs = 2000;
/** Stops that began this long before our start may still be under way. */
const pastMs = 15 * 60_000;
/** The first moment after an event, so that it is not told again. */
const afterwardsMs = 0.001;

/** A stream that is kept open. Times in milliseconds since 1970. */
interface Following {
  readonly subscribe: Subscribe;
  readonly hooks: EventStreamHooks;
  readonly reconnect: Backoff;
  readonly signal: AbortSignal;
  readonly firstAskedAtMs: number;
  /** What happened from then on is still to be heard. */
  sinceMs: number;
  /** The last stream ended as soon as it was opened. */
  wasCut: boolean;
  /** Since the last call of `renewIfSilent`. */
  heardSomething: boolean;
  /** Ends the stream that is open now. */
  renewal: AbortController | undefined;
}

/**
 * Keeps a stream of events open until the signal aborts. What happened between two streams is replayed by the engine,
 * as far as it remembers; a stream that lived and ended is opened again without a word, since some proxies cut idle ones.
 */
export function followEvents(subscribe: Subscribe, hooks: EventStreamHooks, reconnectCapMs: number, signal: AbortSignal): EventStream {
  const firstAskedAtMs = nowMs();
  const following: Following = {
    subscribe,
    hooks,
    reconnect: createBackoff(reconnectCapMs),
    signal,
    firstAskedAtMs,
    sinceMs: firstAskedAtMs - pastMs,
    wasCut: false,
    heardSomething: true,
    renewal: undefined,
  };
  return {
    renewIfSilent() {
      // In a process that was held up, events wait in the socket: they are read before this runs.
      setImmediate(() => {
        if (!following.heardSomething) following.renewal?.abort();
        following.heardSomething = false;
      });
    },
    ended: run(following),
  };
}

async function run(following: Following): Promise<void> {
  const { hooks, reconnect, signal } = following;
  let isRenewal = false;
  while (!signal.aborted) {
    try {
      isRenewal = await follow(following, isRenewal);
    } catch (error) {
      isRenewal = false;
      if (!signal.aborted) hooks.onDisconnected(error);
    }
    if (!isRenewal) await sleep(reconnect.nextMs(), undefined, { signal }).catch(() => undefined);
  }
}

/** Follows one stream to its end. @returns whether it ended because it is to be renewed */
async function follow(following: Following, isRenewal: boolean): Promise<boolean> {
  const { subscribe, hooks, reconnect, signal, firstAskedAtMs } = following;
  const abort = new AbortController();
  const end = (): void => abort.abort();
  signal.addEventListener('abort', end, { once: true });
  let steady: NodeJS.Timeout | undefined;
  let failure: unknown;
  try {
    const events = await subscribe(following.sinceMs, abort.signal);
    const openedAtMs = nowMs();
    following.renewal = abort;
    following.sinceMs = Math.max(following.sinceMs, firstAskedAtMs);
    steady = setTimeout(hooks.onConnected, following.wasCut ? steadyMs : 0);
    hooks.onOpened(isRenewal);
    try {
      for await (const event of events) take(following, event);
    } catch (error) {
      // A stream that breaks is one that ends: whether the engine is away, opening the next one tells best.
      failure = error;
    }
    // What is no stream of events is none however long it lived.
    following.wasCut = !abort.signal.aborted && (failure instanceof EngineError || nowMs() - openedAtMs < steadyMs);
    if (!following.wasCut) reconnect.reset();
  } finally {
    following.renewal = undefined;
    clearTimeout(steady);
    signal.removeEventListener('abort', end);
  }
  if (failure instanceof EngineError) throw failure;
  if (following.wasCut)
    throw new Error('the engine, or something in between, ends the event stream as soon as it is opened', { cause: failure });
  return abort.signal.aborted;
}

function take(following: Following, event: EngineEvent): void {
  const { hooks, firstAskedAtMs, sinceMs } = following;
  following.heardSomething = true;
  const isPast = event.atMs !== undefined && event.atMs < firstAskedAtMs;
  if (event.atMs !== undefined) following.sinceMs = Math.max(sinceMs, Math.min(event.atMs, nowMs()) + afterwardsMs);
  hooks.onEvent(event, isPast);
}
