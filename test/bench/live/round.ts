import { setTimeout as pause } from 'node:timers/promises';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, watchAnswers, type Answer } from './answers.ts';
import type { RunningContender } from './contenders/contender.ts';
import type { ContainerEvent, EngineApi } from './engine-api.ts';
import { routingPort, type Place, type PlacedContainer } from './place.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { tickedTimeMs, untilAtRest } from './processor-time.ts';
import { median } from '../summary.ts';
import type { WallClock } from './wall-clock.ts';

/** What rounds are played with. */
export interface Ring {
  readonly api: EngineApi;
  readonly place: Place;
  readonly clock: WallClock;
  /** The engine's events since the last round began. */
  readonly events: ContainerEvent[];
  /** Compose projects of the bench: other containers' events disturb. */
  readonly projects: readonly string[];
  /** The engine's own process, where it is known. */
  readonly enginePid?: number;
  readonly signal: AbortSignal;
}

/** A round is two starts and two stops; each alone, the next only when the contender has come to rest. */
export interface Round {
  readonly servedMs: number;
  readonly liveMs: number;
  readonly outOfRotationMs: number;
  /** Per start and stop: half the round's. */
  readonly processorMs: number;
  readonly engineProcessorMs?: number;
  readonly pollIntervalMs: number;
  /** When the backend was started that was served first. */
  readonly startedAtMs: number;
  readonly servedAtMs: number;
  /** The stop signal of one of two, and the KILL at the end of its grace: in between nothing else happens. */
  readonly stopSignalAtMs: number;
  readonly killAtMs: number;
  readonly beganAtMs: number;
  readonly firstStartDoneAtMs: number;
  readonly endedAtMs: number;
}

const watchedOnMs = 400;
const isIts = ({ by }: Answer): boolean => by === 'one';

/** @throws Error when the contender does not route in time, or leaves a route that it should not */
export async function playRound(ring: Ring, contender: RunningContender): Promise<Round> {
  const { api, place, clock, events, enginePid, signal } = ring;
  const [one, two] = place.backends;
  signal.throwIfAborted();
  clock.set();
  events.length = 0;
  const beganAtMs = clock.now();
  const processorBeforeMs = cpuTimeMs(contender.pid);
  const engineBeforeMs = enginePid === undefined ? undefined : tickedTimeMs(enginePid);

  const start = await watchStart(ring, one);
  await untilAtRest(contender.pid, signal);
  const firstStartDoneAtMs = clock.now();
  await api.call('POST', `/containers/${two.id}/start`);
  await untilAtRest(contender.pid, signal);
  const stop = await watchStop(ring, one);
  await untilAtRest(contender.pid, signal);
  await api.call('POST', `/containers/${two.id}/stop?t=0`);
  await eventOf(ring, two, 'die');
  await untilAtRest(contender.pid, signal);
  await waitUntil('nobody is in rotation', async () =>
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

/** The lone backend's start: before it, nobody is in rotation. */
async function watchStart(ring: Ring, backend: PlacedContainer): Promise<WatchedStart> {
  const { api, place, clock } = ring;
  const watch = watchAnswers(place.frontend.address, routingPort, clock);
  try {
    await api.call('POST', `/containers/${backend.id}/start`);
    const startedAtMs = (await eventOf(ring, backend, 'start')).timeNano / 1e6;
    const served = await waitUntil('the backend is served', () => watch.answers().find(isIts));
    await pause(watchedOnMs);
    const { atMs: servedAtMs } = served;
    const liveAtMs = watch.answers().findLast((answer) => !isIts(answer))?.atMs ?? servedAtMs;
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

/** The stop of one of two, which goes on answering for a second of grace. */
async function watchStop(ring: Ring, backend: PlacedContainer): Promise<WatchedStop> {
  const { api, place, clock, events } = ring;
  const watch = watchAnswers(place.frontend.address, routingPort, clock);
  try {
    await waitUntil('the backend is served', () => watch.answers().some(isIts));
    await api.call('POST', `/containers/${backend.id}/stop?t=1`);
    await eventOf(ring, backend, 'die');
    const [first, second] = events
      .filter(({ Action, Actor }) => Action === 'kill' && Actor.ID === backend.id)
      .map(({ timeNano }) => timeNano / 1e6);
    if (first === undefined || second === undefined) throw new Error('the backend should have been sent TERM, and KILL after its grace');
    await pause(watchedOnMs);
    const last = watch.answers().findLast(isIts);
    return { signalAtMs: first, killAtMs: second, lastAnswerAtMs: Math.max(first, last?.atMs ?? first) };
  } finally {
    await watch.stop();
  }
}

/** The first event of this kind in the round. */
function eventOf({ events }: Ring, { id }: PlacedContainer, action: string): Promise<ContainerEvent> {
  return waitUntil(`the engine tells of ${action}`, () => events.find(({ Action, Actor }) => Action === action && Actor.ID === id));
}
