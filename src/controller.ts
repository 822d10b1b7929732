import { isDeepStrictEqual } from 'node:util';
import { createBackoff } from './backoff.ts';
import { nowMs } from './clock.ts';
import { createCoalescer } from './coalescer.ts';
import type { Wait } from './coalescer.ts';
import { createEventMemory } from './event-memory.ts';
import { createEngineView, finalAfterMs } from './engine-view.ts';
import type { ListContainers } from './engine-view.ts';
import { followEvents } from './event-stream.ts';
import type { Subscribe } from './event-stream.ts';
import type { Container, Note, Observation } from './model/container.ts';
import { inRotation } from './model/in-rotation.ts';
import { isRelevant } from './model/engine-event.ts';
import type { EngineEvent } from './model/engine-event.ts';
import type { InstanceChoice } from './model/instance.ts';
import { likelyInstance } from './model/member.ts';
import { mergeNotes } from './model/notes.ts';
import { createPassMemory } from './pass-memory.ts';
import { runPass } from './pipeline.ts';
import type { PassResult, Renderer, Sink } from './pipeline.ts';

/** The engine, as the loop needs it. */
export interface Engine {
  list: ListContainers;
  subscribe: Subscribe;
}

export interface ControllerOptions {
  readonly choice: InstanceChoice;
  readonly wait: Wait;
  readonly resyncMs: number;
  readonly reconnectCapMs: number;
}

/** What the loop tells the rest of the process, and asks of it. */
export interface ControllerHooks {
  /** What is known of these containers besides what the engine tells. */
  notesFor(containers: readonly Container[]): ReadonlyMap<string, Note>;
  /** A pass ended; `causedAtMs` is when the first event that led to it happened. */
  onPass(result: PassResult, causedAtMs: number): void;
  /** What was observed is the same as at the last pass, so there was nothing to do. */
  onNothingNew(): void;
  /** A pass failed and changed nothing; it is tried again. */
  onPassFailed(error: unknown): void;
  onConnected(): void;
  onDisconnected(error: unknown): void;
  /** An own container ended by itself. */
  onCrash(containerId: string): void;
  /** An own container started or ended; milliseconds since 1970. */
  onRestart(containerId: string, atMs: number): void;
  /** Whatever is taken for known should be asked again. */
  onResync(): void;
}

export interface Controller {
  /** Something outside the engine changed, and more of it may follow (a template). */
  look(): void;
  /** Something changed by itself (an nginx version, a probe's verdict, an operator's word). */
  lookOnce(): void;
  /** Looks at everything afresh, as at every resync. */
  resync(): void;
  lastTurnAtMs(): number;
  /** Resolves when the signal has aborted and the pass under way has ended. */
  readonly ended: Promise<void>;
}

const retryCapMs = 5000;
const ends: ReadonlySet<string> = new Set(['die', 'destroy', 'disconnect']);
/** Only the oldest one counts; the others are kept for when it is done with. */
const maxCauses = 1000;

/** Runs the loop: events say look again, never what is. Everything is decided from what the engine lists. */
export function startController(
  engine: Engine,
  renderer: Renderer,
  sink: Sink,
  hooks: ControllerHooks,
  options: ControllerOptions,
  signal: AbortSignal,
): Controller {
  const view = createEngineView(engine.list, nowMs);
  let lastEventAtMs = 0;
  // The events that no pass has finally shown yet, oldest first.
  let causes: { readonly heardAtMs: number; readonly happenedAtMs: number }[] = [];
  // What changes by time alone changes after this; a timer may ring a little early.
  let notedAtMs = 0;
  let lastTurnAtMs = nowMs();
  /** Something else may have changed than what is observed: then a pass is made even if that is the same as before. */
  let isDue = true;
  let last: Observation | undefined;
  let rotating: ReadonlySet<string> | undefined;
  const memory = createEventMemory();
  const passMemory = createPassMemory();
  const retry = createBackoff(retryCapMs);
  const timers = createTimers((reason) => {
    // What failed may have been about anything.
    if (reason === 'retry') view.touchAll(nowMs());
    if (reason !== 'final') isDue = true;
    coalescer.once();
  });

  /** Of the only instance that is looked after, whatever the labels of the others do. */
  const isChosen = (container: Container): boolean => {
    const { only } = options.choice;
    return only === undefined || likelyInstance(container) === only || passMemory.readings.member(container).member?.instance === only;
  };

  const observe = async (abort: AbortSignal): Promise<Observation> => {
    const beganAtMs = nowMs();
    const containers = await view.look(abort);
    notedAtMs = nowMs();
    return { containers, notes: mergeNotes(memory.notesFor(containers, beganAtMs, notedAtMs), hooks.notesFor(containers)) };
  };

  const decide = (observation: Observation): Promise<PassResult> =>
    runPass(observation, renderer, sink, options.choice, passMemory, signal);

  const takeResult = (result: PassResult, causedAtMs: number): void => {
    rotating = inRotation(result.instances);
    if (result.problems.some((item) => item.code === 'publish-failed')) timers.after('retry', retry.nextMs());
    else retry.reset();
    if (result.heldBackMs !== undefined) timers.after('heldBack', result.heldBackMs);
    if (!signal.aborted) hooks.onPass(result, causedAtMs);
  };

  const pass = async (): Promise<void> => {
    if (signal.aborted) return;
    const startedAtMs = nowMs();
    const causedAtMs = causes[0]?.happenedAtMs ?? startedAtMs;
    const wasDue = isDue;
    isDue = false;
    try {
      const observation = await observe(signal);
      if (wasDue || !isDeepStrictEqual(observation, last)) takeResult(await decide(observation), causedAtMs);
      else hooks.onNothingNew();
      last = observation;
      causes = causes.filter((cause) => startedAtMs < cause.heardAtMs + finalAfterMs);
      const changesAtMs = memory.nextChangeAtMs(notedAtMs);
      if (changesAtMs !== undefined) timers.after('memory', changesAtMs - nowMs());
    } catch (error) {
      if (signal.aborted) return;
      isDue = true;
      hooks.onPassFailed(error);
      timers.after('retry', retry.nextMs());
    } finally {
      lastTurnAtMs = nowMs();
    }
    // The coalescer looks again when it has been quiet; a very short quiet time would be too early.
    const finalAtMs = lastEventAtMs + finalAfterMs;
    if (startedAtMs < finalAtMs && options.wait.quietMs < finalAfterMs) timers.after('final', finalAtMs - nowMs());
  };
  const coalescer = createCoalescer(pass, options.wait);

  const look = (): void => {
    isDue = true;
    coalescer.trigger();
  };
  const lookOnce = (): void => {
    isDue = true;
    coalescer.once();
  };

  const onEvent = (event: EngineEvent, isPast: boolean): void => {
    if (!isRelevant(event, view.knows) || !view.concerns(event.containerId, isChosen)) return;
    const heardAtMs = nowMs();
    const happenedAtMs = Math.min(event.atMs ?? heardAtMs, heardAtMs);
    const isStopping = memory.isStopping(event.containerId, heardAtMs);
    // A network is of no use to one that doesn't run or is about to end, and its start or its end is an event of its own.
    if (event.type === 'network' && (isStopping || view.isAtRest(event.containerId))) return;
    const isCrash = memory.note(event, happenedAtMs, heardAtMs);
    if (event.action === 'start' || event.action === 'die') {
      // It may look the same as before.
      isDue = true;
      hooks.onRestart(event.containerId, happenedAtMs);
    }
    // The list that is made at the start shows what became of it.
    if (isPast || (event.action === 'kill' && isStopping)) return;
    if (isCrash) hooks.onCrash(event.containerId);
    view.touch(event.containerId, heardAtMs);
    lastEventAtMs = heardAtMs;
    if (causes.length < maxCauses) causes.push({ heardAtMs, happenedAtMs });
    coalescer.trigger(isEndOfSpare(event) ? 'when quiet' : 'urgent');
  };

  /** Whoever takes no requests is missed by nobody. */
  const isEndOfSpare = ({ action, containerId }: EngineEvent): boolean =>
    ends.has(action) && rotating !== undefined && !rotating.has(containerId);

  const resync = (): void => {
    view.touchAll(nowMs());
    hooks.onResync();
    lookOnce();
  };

  const stream = followEvents(
    engine.subscribe,
    {
      onEvent,
      // The list is made twice, as after an event, since one may have happened just before.
      onOpened(isRenewal) {
        view.hear(true);
        if (!isRenewal) resync();
        view.touchAll(nowMs() + finalAfterMs);
        timers.after('final', finalAfterMs);
      },
      onConnected: hooks.onConnected,
      onDisconnected(error) {
        view.hear(false);
        hooks.onDisconnected(error);
      },
    },
    options.reconnectCapMs,
    signal,
  );
  const resyncTimer = setInterval(() => {
    resync();
    stream.renewIfSilent();
  }, options.resyncMs);

  const run = async (): Promise<void> => {
    await stream.ended;
    clearInterval(resyncTimer);
    timers.clear();
    await coalescer.stop();
  };
  return { look, lookOnce, resync, lastTurnAtMs: () => lastTurnAtMs, ended: run() };
}

type Reason = 'retry' | 'final' | 'heldBack' | 'memory';

/** Timers to look again: one for each reason, however many passes ask for one. */
function createTimers(look: (reason: Reason) => void): { after(reason: Reason, delayMs: number): void; clear(): void } {
  const timers = new Map<Reason, NodeJS.Timeout>();
  let isOver = false;
  return {
    after(reason, delayMs) {
      // The last pass may end after everything else.
      if (isOver) return;
      clearTimeout(timers.get(reason));
      timers.set(
        reason,
        setTimeout(() => look(reason), Math.max(0, delayMs)),
      );
    },
    clear() {
      isOver = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
