import type { Container, Note } from './container.ts';
import { isStopSignal, restarting } from './engine-event.ts';
import type { EngineEvent } from './engine-event.ts';
import { defined } from '../util/defined.ts';

/**
 * Facts from events that the engine's list lacks: it shows `running` and an address during a stop's grace time, and no
 * earlier ends. Times in milliseconds since 1970.
 */
export interface Life {
  /** The time of the last stop signal, until the container ends or starts. */
  readonly stopSignalAtMs?: number;
  /** The ids of its network endpoints at the stop signal, or at the end. */
  readonly endpointIds?: readonly string[];
  readonly startedAtMs?: number;
  /**
   * The time at which meet-gen received the end event, until the next start. For a while after it, a list may still show
   * the container running.
   */
  readonly endReceivedAtMs?: number;
  /** The time of an end that is a crash if the engine's restart policy restarts the container. */
  readonly unclearEndAtMs?: number;
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
/**
 * For this time after an event the list may still show the state before it. So long a container counts as ended while the
 * list shows the same endpoints running. Docker 20.10 sent `die` up to 236 ms before its list showed the end (measured).
 */
export const announcementHoldsMs = 10_000;
/** The list doesn't show the change that an event has announced: the first time after the event to look again. */
const firstLookMs = 100;
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
  /** The last list showed that the container's stop is under way. */
  readonly isStopListed?: boolean;
}

/** The record after one more event about the container; undefined if it can be dropped. */
export function lifeAfter(life: Life | undefined, event: EngineEvent, timing: EventTiming): Life | undefined {
  const before = life ?? unknown;
  const { happenedAtMs } = timing;
  if (event.type !== 'container') return life;
  switch (event.action) {
    case 'kill': {
      if (!isStopSignal(event)) return life;
      // The engine can log a signal after the end that the signal caused; such an end isn't a crash.
      const crashesAtMs = before.crashesAtMs.filter((atMs) => Math.abs(atMs - happenedAtMs) > sameEndMs);
      return { ...afterStopSignal(before, timing), crashesAtMs };
    }
    case 'die':
      return lifeAfterEnd(before, event, timing);
    case restarting: {
      const { endReceivedAtMs, unclearEndAtMs, ...rest } = before;
      if (endReceivedAtMs === undefined) return afterStopSignal(before, timing);
      if (unclearEndAtMs === undefined) return life;
      return { ...rest, endReceivedAtMs, crashesAtMs: recent([...rest.crashesAtMs, unclearEndAtMs], happenedAtMs) };
    }
    case 'start':
      return { startedAtMs: happenedAtMs, crashesAtMs: recent(before.crashesAtMs, happenedAtMs) };
    case 'destroy':
      return undefined;
    default:
      return life;
  }
}

function afterStopSignal(before: Life, { happenedAtMs, ...timing }: EventTiming): Life {
  return { ...before, stopSignalAtMs: happenedAtMs, ...defined({ endpointIds: before.endpointIds ?? timing.endpointIds }) };
}

function lifeAfterEnd(before: Life, event: EngineEvent, { happenedAtMs, receivedAtMs, ...timing }: EventTiming): Life {
  const { stopSignalAtMs, endReceivedAtMs, crashesAtMs } = before;
  // A replay can begin with the last event received, so an end can arrive twice.
  if (endReceivedAtMs !== undefined) return { ...before, endReceivedAtMs: receivedAtMs };
  const isStop = stopSignalAtMs !== undefined || timing.isStopListed === true;
  const isCrash = !isStop && event.mayBeStop !== true;
  return {
    endReceivedAtMs: receivedAtMs,
    ...defined({ endpointIds: before.endpointIds ?? timing.endpointIds }),
    ...(isStop || isCrash ? {} : { unclearEndAtMs: happenedAtMs }),
    crashesAtMs: recent(isCrash ? [...crashesAtMs, happenedAtMs] : crashesAtMs, happenedAtMs),
  };
}

/**
 * The record after a list that began later than the last event. The engine may lose events. If a container is stopping
 * or has ended, other network endpoints show that it has started again.
 */
export function lifeAfterList(life: Life, { endpointIds }: Pick<Container, 'endpointIds'>): Life {
  const isRunning = life.stopSignalAtMs === undefined && life.endReceivedAtMs === undefined;
  if (isRunning || endpointIds.length === 0) return life;
  const isSameRun = life.endpointIds?.some((id) => endpointIds.includes(id)) ?? true;
  return isSameRun ? { ...life, endpointIds } : { crashesAtMs: life.crashesAtMs };
}

/**
 * The facts that count now, for a container that a list shows running. A container that has ended counts as stopping
 * until the list shows the end.
 * @param listBeganAtMs when the list began; Infinity for a list that shows the container not running
 */
export function noteOfLife(life: Life, listBeganAtMs: number, nowMs: number): Note {
  const stop = isEndHeld(life, listBeganAtMs) ? 'in-progress' : stopOf(life, nowMs);
  const crashes = recent(life.crashesAtMs, nowMs).length;
  const isLoop = crashes >= crashesOfALoop;
  return {
    ...defined({ stop }),
    ...(isLoop ? { crashes } : {}),
    ...(life.startedAtMs !== undefined && nowMs - life.startedAtMs < justStartedMs ? { justStarted: true } : {}),
    ...(isLoop && nowMs < crashHoldEndsAtMs(life, crashes) ? { isOnCrashHold: true } : {}),
  };
}

/** Whether the end counts against a list that began at that time and shows the same endpoints running. */
export function isEndHeld({ endReceivedAtMs }: Life, listBeganAtMs: number): boolean {
  return endReceivedAtMs !== undefined && listBeganAtMs < endReceivedAtMs + announcementHoldsMs;
}

/**
 * When to look again for a change that an event has announced, and that the list doesn't show. The pause doubles, until
 * the announcement no longer counts: then a later event was lost.
 */
export function nextLookAtMs(receivedAtMs: number, nowMs: number): number {
  const nextAtMs = receivedAtMs + Math.max(firstLookMs, 2 * (nowMs - receivedAtMs));
  return Math.min(nextAtMs, Math.max(receivedAtMs + announcementHoldsMs, nowMs));
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
 * Whether the record can be dropped once a list shows the container not running. Crashes are kept for a minute, and so
 * are ends that can turn out to be crashes.
 */
export function isForgettable({ crashesAtMs, unclearEndAtMs }: Life, nowMs: number): boolean {
  return recent([...crashesAtMs, ...(unclearEndAtMs === undefined ? [] : [unclearEndAtMs])], nowMs).length === 0;
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
