import type { Container, Note } from './container.ts';
import { isStopSignal } from './engine-event.ts';
import type { EngineEvent } from './engine-event.ts';
import { defined } from '../util/defined.ts';

/**
 * What events told about a container that the engine's list can't: it goes on saying `running`, with an address, during
 * a stop's grace time, and knows nothing of earlier ends. Times in milliseconds since 1970.
 */
export interface Life {
  /** When it got the stop signal that has neither ended it nor been followed by a start. */
  readonly stopSignalAtMs?: number;
  /** Its places on the networks when it was told to stop. */
  readonly endpointIds?: readonly string[];
  readonly startedAtMs?: number;
  /** When its end was heard of, until it starts again: a list that was begun before may still show it running. */
  readonly endHeardAtMs?: number;
  /** When it ended without a stop signal, oldest first, those of the last minute. */
  readonly crashesAtMs: readonly number[];
}

/** A stop that takes longer than this is none: Meet's own grace time is 95 s. */
const stopForgottenAfterMs = 15 * 60_000;
const crashWindowMs = 60_000;
const sameEndMs = 1000;
const crashesOfALoop = 3;
const firstHoldMs = 5000;
const longestHoldMs = 30_000;
/** For so long after its start, one whose probe has not been answered yet is taken for starting. */
const justStartedMs = 10_000;
const unknown: Life = { crashesAtMs: [] };

/** How an event came: when it happened, which for a replayed one is long ago, when it was heard, and what was seen before. */
export interface Hearing {
  readonly happenedAtMs: number;
  readonly heardAtMs: number;
  /** The container's places on its networks by the last list. */
  readonly endpointIds?: readonly string[] | undefined;
}

/** The life after one more event about the container; undefined when there is nothing left to remember. */
export function lifeAfter(life: Life | undefined, event: EngineEvent, hearing: Hearing): Life | undefined {
  const before = life ?? unknown;
  const { happenedAtMs, heardAtMs } = hearing;
  if (event.type !== 'container') return life;
  switch (event.action) {
    case 'kill': {
      if (!isStopSignal(event)) return life;
      const endpointIds = before.endpointIds ?? hearing.endpointIds;
      // The engine logs a signal after it has sent it, and so at times after the end that it led to: no crash then.
      const crashesAtMs = before.crashesAtMs.filter((atMs) => Math.abs(atMs - happenedAtMs) > sameEndMs);
      return { ...before, crashesAtMs, stopSignalAtMs: happenedAtMs, ...defined({ endpointIds }) };
    }
    case 'die': {
      const { stopSignalAtMs, endHeardAtMs, crashesAtMs } = before;
      // One that has ended already is told of once more: a replay can begin with what was heard last.
      const isCrash = stopSignalAtMs === undefined && endHeardAtMs === undefined;
      const crashes = isCrash ? [...crashesAtMs, happenedAtMs] : crashesAtMs;
      return { endHeardAtMs: heardAtMs, crashesAtMs: recent(crashes, happenedAtMs) };
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
 * The life after a list that was begun later than its last event. The engine may lose events: one that was stopping and has
 * other places on its networks now has been started again unheard.
 */
export function lifeAfterList(life: Life, { endpointIds }: Pick<Container, 'endpointIds'>): Life {
  if (life.stopSignalAtMs === undefined || endpointIds.length === 0) return life;
  const isSameRun = life.endpointIds?.some((id) => endpointIds.includes(id)) ?? true;
  return isSameRun ? { ...life, endpointIds } : { crashesAtMs: life.crashesAtMs };
}

/** What of it counts now, for a container that a list shows running, begun at `listBeganAtMs`. */
export function noteOfLife(life: Life, listBeganAtMs: number, nowMs: number): Note {
  const hasEnded = life.endHeardAtMs !== undefined && life.endHeardAtMs >= listBeganAtMs;
  const stop = hasEnded ? 'in-progress' : stopOf(life, nowMs);
  const crashes = recent(life.crashesAtMs, nowMs).length;
  const isLoop = crashes >= crashesOfALoop;
  return {
    ...defined({ stop }),
    ...(isLoop ? { crashes } : {}),
    ...(life.startedAtMs !== undefined && nowMs - life.startedAtMs < justStartedMs ? { justStarted: true } : {}),
    ...(isLoop && nowMs < heldUntilMs(life, crashes) ? { heldBack: true } : {}),
  };
}

/** When the note changes by time alone; undefined when it doesn't. */
export function nextChangeAtMs(life: Life, nowMs: number): number | undefined {
  const crashes = recent(life.crashesAtMs, nowMs);
  const oldestThatCounts = crashes.at(-crashesOfALoop);
  const moments = [
    ...(life.stopSignalAtMs === undefined ? [] : [life.stopSignalAtMs + stopForgottenAfterMs]),
    ...(oldestThatCounts === undefined ? [] : [oldestThatCounts + crashWindowMs, heldUntilMs(life, crashes.length)]),
  ];
  const coming = moments.filter((atMs) => atMs > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

/** Whether a list that shows the container not running leaves nothing to remember: its crashes have aged. */
export function isForgettable(life: Life, nowMs: number): boolean {
  return recent(life.crashesAtMs, nowMs).length === 0;
}

/** Whether a stop is under way, or so long ago that it no longer counts. */
export function stopOf({ stopSignalAtMs }: Life, nowMs: number): Note['stop'] {
  if (stopSignalAtMs === undefined) return undefined;
  return nowMs - stopSignalAtMs < stopForgottenAfterMs ? 'in-progress' : 'overdue';
}

/** The more often it crashed, the longer it has to run before it gets requests again. */
function heldUntilMs({ startedAtMs, crashesAtMs }: Life, crashes: number): number {
  const holdMs = Math.min(firstHoldMs * 2 ** (crashes - crashesOfALoop), longestHoldMs);
  return (startedAtMs ?? crashesAtMs.at(-1) ?? 0) + holdMs;
}

function recent(timesMs: readonly number[], nowMs: number): readonly number[] {
  return timesMs.filter((atMs) => nowMs - atMs < crashWindowMs);
}
