import { setTimeout as pause } from 'node:timers/promises';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, watchAnswers, type Answer } from './answers.ts';
import type { RunningContender } from './contenders/contender.ts';
import type { ContainerEvent, EngineApi } from './engine-api.ts';
import { routingPort, type Place, type PlacedContainer } from './place.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { tickedTimeMs, waitForContender } from './processor-time.ts';
import { median } from '../summary.ts';
import type { WallClock } from './wall-clock.ts';

export interface RoundContext {
  readonly api: EngineApi;
  readonly place: Place;
  readonly clock: WallClock;
  /** The engine's events since the last round began. */
  readonly events: ContainerEvent[];
  /** The bench's compose projects. Events of other containers disturb a round. */
  readonly projects: readonly string[];
  /** The engine's process, if it is known. */
  readonly enginePid?: number;
  readonly signal: AbortSignal;
}

/** Two starts and two stops. Each waits until the contender is idle. */
export interface Round {
  readonly servedMs: number;
  readonly liveMs: number;
  readonly outOfRotationMs: number;
  /** Half of the round's time: the cost of a start and a stop. */
  readonly processorMs: number;
  readonly engineProcessorMs?: number;
  readonly pollIntervalMs: number;
  /** The start of the first backend. */
  readonly startedAtMs: number;
  readonly servedAtMs: number;
  /** The stop signal of a backend, and the KILL at the end of its grace period. No other event comes in between. */
  readonly stopSignalAtMs: number;
  readonly killAtMs: number;
  readonly beganAtMs: number;
  readonly firstStartDoneAtMs: number;
  readonly endedAtMs: number;
}

const watchedOnMs = 400;
const isFromFirst = ({ by }: Answer): boolean => by === 'one';

/** @throws Error if the contender doesn't route in time, or keeps a route too long */
export async function playRound(roundContext: RoundContext, contender: RunningContender): Promise<Round> {
  const { api, place, clock, events, enginePid, signal } = roundContext;
  const [one, two] = place.backends;
  signal.throwIfAborted();
  clock.set();
  events.length = 0;
  const beganAtMs = clock.now();
  const processorBeforeMs = cpuTimeMs(contender.pid);
  const engineBeforeMs = enginePid === undefined ? undefined : tickedTimeMs(enginePid);

  const start = await watchStart(roundContext, one);
  await waitForContender(contender.pid, signal);
  const firstStartDoneAtMs = clock.now();
  await api.call('POST', `/containers/${two.id}/start`);
  await waitForContender(contender.pid, signal);
  const stop = await watchStop(roundContext, one);
  await waitForContender(contender.pid, signal);
  await api.call('POST', `/containers/${two.id}/stop?t=0`);
  await eventOf(roundContext, two, 'die');
  await waitForContender(contender.pid, signal);
  await waitUntil('no backend is in rotation', async () =>
    (await ask(place.frontend.address, routingPort, clock)).by.includes('not available'),
  );

  return {
    servedMs: start.servedAtMs - start.startedAtMs,
    liveMs: start.liveAtMs - start.startedAtMs,
    outOfRotationMs: stop.lastAnswerAtMs - stop.signalAtMs,
    processorMs: (cpuTimeMs(contender.pid) - processorBeforeMs) / 2,
    ...(enginePid === undefined || engineBeforeMs === undefined
      ? {}
      : { engineProcessorMs: (tickedTimeMs(enginePid) - engineBeforeMs) / 2 }),
    pollIntervalMs: start.pollIntervalMs,
    startedAtMs: start.startedAtMs,
    servedAtMs: start.servedAtMs,
    stopSignalAtMs: stop.signalAtMs,
    killAtMs: stop.killAtMs,
    beganAtMs,
    firstStartDoneAtMs,
    endedAtMs: clock.now(),
  };
}

interface WatchedStart {
  readonly startedAtMs: number;
  readonly servedAtMs: number;
  readonly liveAtMs: number;
  readonly pollIntervalMs: number;
}

/** Starts a backend while no other is in rotation. */
async function watchStart(roundContext: RoundContext, backend: PlacedContainer): Promise<WatchedStart> {
  const { api, place, clock } = roundContext;
  const watch = watchAnswers(place.frontend.address, routingPort, clock);
  try {
    await api.call('POST', `/containers/${backend.id}/start`);
    const startedAtMs = (await eventOf(roundContext, backend, 'start')).timeNano / 1e6;
    const served = await waitUntil('the backend is served', () => watch.answers().find(isFromFirst));
    await pause(watchedOnMs);
    const { atMs: servedAtMs } = served;
    const liveAtMs = watch.answers().findLast((answer) => !isFromFirst(answer))?.atMs ?? servedAtMs;
    return { startedAtMs, servedAtMs, liveAtMs: Math.max(liveAtMs, servedAtMs), pollIntervalMs: median(watch.intervalsMs()) };
  } finally {
    await watch.stop();
  }
}

interface WatchedStop {
  readonly signalAtMs: number;
  readonly killAtMs: number;
  readonly lastAnswerAtMs: number;
}

/** Stops one of two backends. It answers for another second, its grace period. */
async function watchStop(roundContext: RoundContext, backend: PlacedContainer): Promise<WatchedStop> {
  const { api, place, clock, events } = roundContext;
  const watch = watchAnswers(place.frontend.address, routingPort, clock);
  try {
    await waitUntil('the backend is served', () => watch.answers().some(isFromFirst));
    await api.call('POST', `/containers/${backend.id}/stop?t=1`);
    await eventOf(roundContext, backend, 'die');
    const [first, second] = events
      .filter(({ Action, Actor }) => Action === 'kill' && Actor.ID === backend.id)
      .map(({ timeNano }) => timeNano / 1e6);
    if (first === undefined || second === undefined)
      throw new Error('the engine should send TERM to the backend, and KILL after the grace period');
    await pause(watchedOnMs);
    const last = watch.answers().findLast(isFromFirst);
    return { signalAtMs: first, killAtMs: second, lastAnswerAtMs: Math.max(first, last?.atMs ?? first) };
  } finally {
    await watch.stop();
  }
}

/** The first event of this kind in the round. */
function eventOf({ events }: RoundContext, { id }: PlacedContainer, action: string): Promise<ContainerEvent> {
  return waitUntil(`the engine reports ${action}`, () => events.find(({ Action, Actor }) => Action === action && Actor.ID === id));
}
