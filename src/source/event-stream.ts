import type { Subscribe } from './source.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBackoff } from '../util/backoff.ts';
import type { Backoff } from '../util/backoff.ts';
import { nowMs } from '../util/clock.ts';
import { EngineError } from './engine-error.ts';
import type { EngineEvent } from '../model/engine-event.ts';

export interface EventStreamHooks {
  /** `isPast`: the event is older than this stream, so a list that begins now shows the event's result. */
  onEvent(event: EngineEvent, isPast: boolean): void;
  /** The engine has opened the stream: a list that begins now misses no event. `isRenewal`: meet-gen ended the last stream itself. */
  onOpened(isRenewal: boolean): void;
  /** The stream counts as open: immediately, or after two seconds if the last stream ended at once. */
  onConnected(): void;
  onDisconnected(error: unknown): void;
}

export interface EventStream {
  /** Opens a new stream if no event came since the last call, since a half-open stream looks like a quiet stream. */
  renewIfSilent(): void;
  /** Resolves after the signal has aborted. */
  readonly ended: Promise<void>;
}

/** A stream that ends earlier than this is a fault, and reopens after a pause. */
const steadyMs = 2000;
/** A stop that began this long before meet-gen started can still be under way. */
const pastMs = 15 * 60_000;
/** Added to an event's time, so that the engine doesn't replay that event. */
const afterEventMs = 0.001;

/** The state of a stream that is kept open. Times in milliseconds since 1970. */
interface Following {
  readonly subscribe: Subscribe;
  readonly hooks: EventStreamHooks;
  readonly reconnect: Backoff;
  readonly signal: AbortSignal;
  readonly firstAskedAtMs: number;
  /** The next stream asks for the events since this time. */
  sinceMs: number;
  /** The last stream ended as soon as it was opened. */
  wasCut: boolean;
  /** Whether an event came since the last call of `renewIfSilent`. */
  hasEvents: boolean;
  /** Ends the open stream. */
  renewal: AbortController | undefined;
}

/**
 * Keeps a stream of events open until the signal aborts. The engine replays the events between two streams, as far as
 * it remembers them. If a working stream ends, it is reopened without a report, since some proxies cut idle streams.
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
    hasEvents: true,
    renewal: undefined,
  };
  return {
    renewIfSilent() {
      // If the process was blocked, events wait in the socket. They are read before this callback runs.
      setImmediate(() => {
        if (!following.hasEvents) following.renewal?.abort();
        following.hasEvents = false;
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

/** Reads a stream to its end. @returns whether the stream was ended to be renewed */
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
      // A broken stream counts as an ended one: opening the next stream shows whether the engine is away.
      failure = error;
    }
    // An answer that isn't an event stream is a fault, however long it stayed open.
    following.wasCut = !abort.signal.aborted && (failure instanceof EngineError || nowMs() - openedAtMs < steadyMs);
    if (!following.wasCut) reconnect.reset();
  } finally {
    following.renewal = undefined;
    clearTimeout(steady);
    signal.removeEventListener('abort', end);
  }
  if (failure instanceof EngineError) throw failure;
  if (following.wasCut)
    throw new Error('the engine, or a proxy in between, ends the event stream as soon as it is opened', { cause: failure });
  return abort.signal.aborted;
}

function take(following: Following, event: EngineEvent): void {
  const { hooks, firstAskedAtMs, sinceMs } = following;
  following.hasEvents = true;
  const isPast = event.atMs !== undefined && event.atMs < firstAskedAtMs;
  if (event.atMs !== undefined) following.sinceMs = Math.max(sinceMs, Math.min(event.atMs, nowMs()) + afterEventMs);
  hooks.onEvent(event, isPast);
}
