import { createBackoff } from '../util/backoff.ts';
import type { Backoff } from '../util/backoff.ts';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { nowMs } from '../util/clock.ts';
import { createCoalescer } from './coalescer.ts';
import type { Coalescer, Wait } from './coalescer.ts';
import { createEventMemory } from './event-memory.ts';
import type { EventMemory } from './event-memory.ts';
import { createEngineView, finalAfterMs } from '../source/engine-view.ts';
import type { EngineView } from '../source/engine-view.ts';
import { followEvents } from '../source/event-stream.ts';
import type { EventStreamHooks } from '../source/event-stream.ts';
import type { Container, Note, Observation } from '../model/container.ts';
import { isRelevant } from '../model/engine-event.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import type { InstanceChoice } from '../model/read-instances.ts';
import { likelyInstance } from '../model/member.ts';
import { mergeNotes } from '../model/notes.ts';
import { notesOfHistory } from '../model/rotation-history.ts';
import {
  afterDecision,
  afterEvent,
  afterFailure,
  afterPass,
  afterReason,
  afterRestart,
  newLoopState,
  beginPass,
  causeOf,
  finalLookAtMs,
  isEndOfSpare,
  isNews,
  nextChangeAtMs,
} from './loop-state.ts';
import type { Cause, LoopState } from './loop-state.ts';
import { createPassMemory } from './pass-memory.ts';
import type { Source } from '../source/source.ts';
import type { PassMemory } from './pass-memory.ts';
import { runPass } from './pass.ts';
import type { PassResult, Renderer, Sink } from './pass.ts';
import type { TemplateStore } from '../render/template-store.ts';
import { createTimers, dueByTime } from './timers.ts';
import type { Reason, Timers } from './timers.ts';

// In: events, times and requests to look. Out: passes, one at a time; `pass.ts` is one pass.

export interface ControllerOptions {
  readonly choice: InstanceChoice;
  readonly wait: Wait;
  readonly resyncMs: number;
  readonly reconnectCapMs: number;
}

/** Calls from the loop to the rest of the process. */
export interface ControllerHooks {
  /** Notes on these containers that don't come from the engine (drains, probes). */
  notesFor(containers: readonly Container[]): ReadonlyMap<string, Note>;
  /** An event leads to a look. @param atMs the time of the event, in milliseconds since 1970 */
  onEvent(event: EngineEvent, atMs: number): void;
  /** A pass ended. @param tookMs the duration of the pass and its look */
  onPass(result: PassResult, cause: Cause, tookMs: number): void;
  /** A look showed the same as the last pass, so there was nothing to do. */
  onNothingNew(): void;
  /** A pass failed and changed nothing. The loop retries it. */
  onPassFailed(error: unknown): void;
  onConnected(): void;
  onDisconnected(error: unknown): void;
  /** A container with `meet.*` labels ended without a stop. */
  onCrash(containerId: string): void;
  /** A container with `meet.*` labels started or ended. @param atMs the time, in milliseconds since 1970 */
  onRestart(event: Pick<EngineEvent, 'action' | 'containerId'>, atMs: number): void;
  /** A resync: every part asks again for the answers that it has cached. */
  onResync(): void;
}

export interface Controller {
  /**
   * Asks for a look, since something outside the engine changed, and more changes may follow (files of a template).
   * @param why the reason in words
   */
  look(why: string): void;
  /**
   * Asks for a look after a single change (an nginx version, a probe's result, a drain).
   * @param why the reason in words
   */
  lookOnce(why: string): void;
  /** Resyncs, as after each resync interval. */
  resync(): void;
  lastTurnAtMs(): number;
  /** Resolves when the signal has aborted and the current pass has ended. */
  readonly ended: Promise<void>;
}

const retryCapMs = 5000;
/** The pause between looks at a health without events. */
const healthLookMs = 2000;

/** The parts that the loop works with, and its state. */
interface Loop {
  readonly renderer: Renderer & Pick<TemplateStore, 'begin'>;
  readonly sink: Sink;
  readonly hooks: ControllerHooks;
  readonly options: ControllerOptions;
  readonly signal: AbortSignal;
  readonly view: EngineView;
  readonly memory: EventMemory;
  readonly passMemory: PassMemory;
  readonly retry: Backoff;
  readonly timers: Timers;
  readonly coalescer: Coalescer;
  state: LoopState;
  lastTurnAtMs: number;
}

/** Runs the loop: events and timers → passes. Events say *look again*; a pass decides from the engine's list. */
export function startController(
  source: Source,
  renderer: Renderer & Pick<TemplateStore, 'begin'>,
  sink: Sink,
  hooks: ControllerHooks,
  options: ControllerOptions,
  boundary: ErrorBoundary,
  signal: AbortSignal,
): Controller {
  const loop: Loop = {
    renderer,
    sink,
    hooks,
    options,
    signal,
    view: createEngineView(source.list, nowMs, source.listsAll),
    memory: createEventMemory(),
    passMemory: createPassMemory(),
    retry: createBackoff(retryCapMs),
    timers: createTimers(boundary.guard('a timer of the loop', (reason: Reason) => lookByTime(loop, reason))),
    coalescer: createCoalescer(() => boundary.attempt('the loop', () => pass(loop)), options.wait),
    state: newLoopState(),
    lastTurnAtMs: nowMs(),
  };
  const stream = followEvents(source.subscribe, hooksOfStream(loop, boundary), options.reconnectCapMs, signal);
  const lookAround = boundary.guard('a resync', () => resync(loop));
  const renew = boundary.guard('a look at the event stream', stream.renewIfSilent);
  const resyncTimer = setInterval(() => {
    lookAround();
    renew();
  }, options.resyncMs);
  const run = async (): Promise<void> => {
    await stream.ended;
    clearInterval(resyncTimer);
    loop.timers.clear();
    await loop.coalescer.stop();
  };
  return {
    look(why) {
      loop.state = afterReason(loop.state, why);
      loop.coalescer.trigger();
    },
    lookOnce: (why) => lookOnce(loop, why),
    resync: () => resync(loop),
    lastTurnAtMs: () => loop.lastTurnAtMs,
    ended: run(),
  };
}

function lookOnce(loop: Loop, why: string): void {
  loop.state = afterReason(loop.state, why);
  loop.coalescer.once();
}

function resync(loop: Loop): void {
  loop.view.touchAll(nowMs());
  loop.hooks.onResync();
  lookOnce(loop, 'a look at everything');
}

function lookByTime(loop: Loop, reason: Reason): void {
  // The failure may concern any container.
  if (reason === 'retry') loop.view.touchAll(nowMs());
  if (reason !== 'final' && reason !== 'unannounced') loop.state = afterReason(loop.state, dueByTime[reason]);
  loop.coalescer.once();
}

function hooksOfStream(loop: Loop, boundary: ErrorBoundary): EventStreamHooks {
  const { view, hooks, timers } = loop;
  /** The event is lost, so the next look is at everything. */
  const lookAtAll = (): void => {
    view.touchAll(nowMs());
    loop.state = afterRestart(loop.state);
    lookOnce(loop, 'an event that could not be taken in');
  };
  return {
    onEvent: boundary.guard('an event of the engine', (event, isPast) => takeEvent(loop, event, isPast), lookAtAll),
    onOpened: boundary.guard(
      'the event stream',
      (isRenewal: boolean) => {
        view.setListening(true);
        if (!isRenewal) resync(loop);
        // Two looks, as after an event: a change may have happened just before the stream opened.
        view.touchAll(nowMs() + finalAfterMs);
        timers.after('final', finalAfterMs);
      },
      lookAtAll,
    ),
    onConnected: boundary.guard('the event stream', hooks.onConnected),
    onDisconnected: boundary.guard('the event stream', (error: unknown) => {
      view.setListening(false);
      hooks.onDisconnected(error);
    }),
  };
}

function takeEvent(loop: Loop, event: EngineEvent, isPast: boolean): void {
  const { view, memory, hooks, options } = loop;
  const { only } = options.choice;
  // With --instance, other instances' containers lead to no look.
  const isChosen = (container: Container): boolean => only === undefined || likelyInstance(container) === only;
  if (!isRelevant(event, view.knows) || !view.concerns(event.containerId, isChosen)) return;
  const heardAtMs = nowMs();
  const happenedAtMs = Math.min(event.atMs ?? heardAtMs, heardAtMs);
  const isStopping = memory.isStopping(event.containerId, heardAtMs);
  // The network of a container that doesn't run, or is stopping, changes nothing. Its start or end is an event of its own.
  if (event.type === 'network' && (isStopping || view.isAtRest(event.containerId))) return;
  if (event.health !== undefined && view.showsHealth(event.containerId, event.health)) return;
  const isCrash = memory.note(event, happenedAtMs, heardAtMs);
  if (event.action === 'start' || event.action === 'die') {
    loop.state = afterRestart(loop.state);
    hooks.onRestart(event, happenedAtMs);
  }
  // The list at the start shows the result of this event.
  if (isPast || (event.action === 'kill' && isStopping)) return;
  if (isCrash) hooks.onCrash(event.containerId);
  hooks.onEvent(event, happenedAtMs);
  view.touch(event.containerId, heardAtMs);
  loop.state = afterEvent(loop.state, { heardAtMs, happenedAtMs, event, name: view.nameOf(event.containerId) });
  loop.coalescer.trigger(isEndOfSpare(loop.state, event) ? 'when quiet' : 'urgent');
}

async function pass(loop: Loop): Promise<void> {
  const { signal, timers, retry, hooks } = loop;
  if (signal.aborted) return;
  const startedAtMs = nowMs();
  const { reasons, state } = beginPass(loop.state);
  loop.state = state;
  try {
    const { observation, notedAtMs } = await observe(loop);
    if (isNews(reasons, observation, loop.state)) {
      const cause = causeOf(loop.state, reasons, startedAtMs, loop.view.nameOf);
      // A pass after an event reads no templates from the disk: their watch and each resync find changes.
      takeResult(loop, await decide(loop, observation, notedAtMs, reasons.due.length > 0), cause, startedAtMs);
    } else hooks.onNothingNew();
    const unlisted = loop.memory.unlisted();
    loop.state = afterPass(loop.state, observation, startedAtMs, (containerId) => unlisted.has(containerId));
    const changesAtMs = nextChangeAtMs(loop.state, loop.memory.nextChangeAtMs(notedAtMs), notedAtMs);
    if (changesAtMs !== undefined) timers.after('memory', changesAtMs - nowMs());
  } catch (error) {
    if (signal.aborted) return;
    loop.state = afterFailure(loop.state, reasons);
    timers.after('retry', retry.nextMs());
    hooks.onPassFailed(error);
  } finally {
    loop.lastTurnAtMs = nowMs();
  }
  planFinalLook(loop, startedAtMs);
  planUnannouncedLook(loop, startedAtMs);
}

/** Plans the look that certainly shows the last event. The coalescer's second look may be too early for a short quiet time. */
function planFinalLook({ timers, state, options }: Loop, startedAtMs: number): void {
  const finalAtMs = options.wait.quietMs < finalAfterMs ? finalLookAtMs(state, startedAtMs) : undefined;
  if (finalAtMs !== undefined) timers.after('final', finalAtMs - nowMs());
}

/**
 * Plans looks without an event: for a change that the list doesn't show yet, and for a health that the engine doesn't
 * announce.
 */
function planUnannouncedLook({ view, memory, timers, state }: Loop, startedAtMs: number): void {
  const unannounced = (state.observation?.containers ?? []).filter(({ isHealthUnannounced }) => isHealthUnannounced === true);
  const dueAtMs = new Map([...unannounced.map(({ id }) => [id, startedAtMs + healthLookMs] as const), ...memory.unlisted()]);
  if (dueAtMs.size === 0) return;
  const lookAtMs = Math.min(...dueAtMs.values());
  // The time of the touch keeps the container in the next look, however many looks come before.
  for (const id of dueAtMs.keys()) view.touch(id, lookAtMs - finalAfterMs);
  timers.after('unannounced', lookAtMs - nowMs());
}

/**
 * @returns the observation now, without the notes of the history: a pass must not start the next one. Notes that change by
 * time are judged at `notedAtMs`, since a timer may ring a little early
 */
async function observe(loop: Loop): Promise<{ readonly observation: Observation; readonly notedAtMs: number }> {
  const beganAtMs = nowMs();
  const containers = await loop.view.look(loop.signal);
  const notedAtMs = nowMs();
  const notes = mergeNotes(loop.memory.notesFor(containers, beganAtMs, notedAtMs), loop.hooks.notesFor(containers));
  return { observation: { containers, notes }, notedAtMs };
}

async function decide(loop: Loop, { containers, notes }: Observation, notedAtMs: number, readsTemplates: boolean): Promise<PassResult> {
  const { renderer, sink, options, passMemory, signal, state } = loop;
  await renderer.begin(readsTemplates);
  const observation = { containers, notes: mergeNotes(notes, notesOfHistory(state.history, notedAtMs)) };
  return runPass(observation, renderer, sink, options.choice, passMemory, signal);
}

function takeResult(loop: Loop, result: PassResult, cause: Cause, startedAtMs: number): void {
  const { timers, retry, hooks, signal } = loop;
  const endedAtMs = nowMs();
  loop.state = afterDecision(loop.state, result.instances, endedAtMs);
  if (result.throttledMs !== undefined) timers.after('throttled', result.throttledMs);
  if (!signal.aborted) hooks.onPass(result, cause, endedAtMs - startedAtMs);
  const isDone = result.hasFailed !== true && result.problems.every((item) => item.code !== 'publish-failed');
  if (isDone) retry.reset();
  else timers.after('retry', retry.nextMs());
}
