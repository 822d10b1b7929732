import type { Container, Note } from './container.ts';
import { isStopSignal } from './engine-event.ts';
import type { EngineEvent } from './engine-event.ts';
import { defined } from '../util/defined.ts';

/**
 * Facts from events that the engine's list lacks: it shows `running` and an address during a stop's grace time, and no
 * earlier ends. Times in milliseconds since 1970.
 */
export interface Life {
  /** The time of the last stop signal, until the container ends or starts. */
  readonly stopSignalAtMs?: number;
  /** The ids of its network endpoints at the stop signal. */
  readonly endpointIds?: readonly string[];
  readonly startedAtMs?: number;
  /**
   * The time at which meet-gen received the end event, until the next start. A list that began earlier may still show
   * the container running.
   */
  readonly endReceivedAtMs?: number;
  /** The ends without a stop signal within the last minute, oldest first. */
  readonly crashesAtMs: readonly number[];
}

/** After this time a stop signal no longer counts. Meet's own grace time is 95 s. */
const stopForgottenAfterMs = 15 * 60_000;
const crashWindowMs = 60_000;
const sameEndMs = 1000;
const crashesOfALoop = 3;
const firstHoldMs = 5000;
const longestHoldMs = 30_000;
/** For this time after its start a container counts as starting while its probe has no answer. */
const justStartedMs = 10_000;
const unknown: Life = { crashesAtMs: [] };

/**
 * The times of an event: when it happened (long ago for a replayed event) and when meet-gen received it, with the
 * earlier list.
 */
export interface EventTiming {
  readonly happenedAtMs: number;
  readonly receivedAtMs: number;
  /** The ids of the container's network endpoints in the last list. */
  readonly endpointIds?: readonly string[] | undefined;
}

/** The record after one more event about the container; undefined if it can be dropped. */
export function lifeAfter(life: Life | undefined, event: EngineEvent, timing: EventTiming): Life | undefined {
  const before = life ?? unknown;
  const { happenedAtMs, receivedAtMs } = timing;
  if (event.type !== 'container') return life;
  switch (event.action) {
    case 'kill': {
      if (!isStopSignal(event)) return life;
      const endpointIds = before.endpointIds ?? timing.endpointIds;
      // The engine can log a signal after the end that the signal caused; such an end isn't a crash.
      const crashesAtMs = before.crashesAtMs.filter((atMs) => Math.abs(atMs - happenedAtMs) > sameEndMs);
      return { ...before, crashesAtMs, stopSignalAtMs: happenedAtMs, ...defined({ endpointIds }) };
    }
    case 'die': {
      const { stopSignalAtMs, endReceivedAtMs, crashesAtMs } = before;
      // A replay can begin with the last event received, so an end can arrive twice.
      const isCrash = stopSignalAtMs === undefined && endReceivedAtMs === undefined;
      const crashes = isCrash ? [...crashesAtMs, happenedAtMs] : crashesAtMs;
      return { endReceivedAtMs: receivedAtMs, crashesAtMs: recent(crashes, happenedAtMs) };
    }
    case 'start':
      return { startedAtMs: happenedAtMs, crashesAtMs: recent(before.crashesAtMs, happenedAtMs) };
    case 'destroy':
      return undefined;
    default:
      return life;
  }
}

/**
 * The record after a list that began later than the last event. The engine may lose events: a stopping container with
 * other network endpoints has started again.
 */
export function lifeAfterList(life: Life, { endpointIds }: Pick<Container, 'endpointIds'>): Life {
  if (life.stopSignalAtMs === undefined || endpointIds.length === 0) return life;
  const isSameRun = life.endpointIds?.some((id) => endpointIds.includes(id)) ?? true;
  return isSameRun ? { ...life, endpointIds } : { crashesAtMs: life.crashesAtMs };
}

/** The facts that count now, for a container that a list begun at `listBeganAtMs` shows running. */
export function noteOfLife(life: Life, listBeganAtMs: number, nowMs: number): Note {
  const hasEnded = life.endReceivedAtMs !== undefined && life.endReceivedAtMs >= listBeganAtMs;
  const stop = hasEnded ? 'in-progress' : stopOf(life, nowMs);
  const crashes = recent(life.crashesAtMs, nowMs).length;
  const isLoop = crashes >= crashesOfALoop;
  return {
    ...defined({ stop }),
    ...(isLoop ? { crashes } : {}),
    ...(life.startedAtMs !== undefined && nowMs - life.startedAtMs < justStartedMs ? { justStarted: true } : {}),
    ...(isLoop && nowMs < crashHoldEndsAtMs(life, crashes) ? { isOnCrashHold: true } : {}),
  };
}

/** The next time at which the note changes without an event; undefined if it stays. */
export function nextChangeAtMs(life: Life, nowMs: number): number | undefined {
  const crashes = recent(life.crashesAtMs, nowMs);
  const oldestThatCounts = crashes.at(-crashesOfALoop);
  const moments = [
    ...(life.stopSignalAtMs === undefined ? [] : [life.stopSignalAtMs + stopForgottenAfterMs]),
    ...(oldestThatCounts === undefined ? [] : [oldestThatCounts + crashWindowMs, crashHoldEndsAtMs(life, crashes.length)]),
  ];
  const coming = moments.filter((atMs) => atMs > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

/**
 * Whether the record can be dropped once a list shows the container not running: no crash is within the last minute.
 */
export function isForgettable(life: Life, nowMs: number): boolean {
  return recent(life.crashesAtMs, nowMs).length === 0;
}

export function stopOf({ stopSignalAtMs }: Life, nowMs: number): Note['stop'] {
  if (stopSignalAtMs === undefined) return undefined;
  return nowMs - stopSignalAtMs < stopForgottenAfterMs ? 'in-progress' : 'overdue';
}

/** Each further crash doubles the time that the container has to run before it gets requests again. */
function crashHoldEndsAtMs({ startedAtMs, crashesAtMs }: Life, crashes: number): number {
  const holdMs = Math.min(firstHoldMs * 2 ** (crashes - crashesOfALoop), longestHoldMs);
  return (startedAtMs ?? crashesAtMs.at(-1) ?? 0) + holdMs;
}

function recent(timesMs: readonly number[], nowMs: number): readonly number[] {
  return timesMs.filter((atMs) => nowMs - atMs < crashWindowMs);
}
