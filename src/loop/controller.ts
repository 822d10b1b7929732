import { isDeepStrictEqual } from 'node:util';
import { createBackoff } from '../util/backoff.ts';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { nowMs } from '../util/clock.ts';
import { createCoalescer } from './coalescer.ts';
import type { Wait } from './coalescer.ts';
import { createEventMemory } from './event-memory.ts';
import { createEngineView, finalAfterMs } from '../source/engine-view.ts';
import type { ListContainers } from '../source/engine-view.ts';
import { followEvents } from '../source/event-stream.ts';
import type { Subscribe } from '../source/event-stream.ts';
import type { Container, Note, Observation } from '../model/container.ts';
import { inRotation } from '../model/in-rotation.ts';
import { isRelevant } from '../model/engine-event.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import type { Instance } from '../model/instance.ts';
import type { InstanceChoice } from '../model/read-instances.ts';
import { likelyInstance } from '../model/member.ts';
import { mergeNotes } from '../model/notes.ts';
import { historyAfter, historyChangesAtMs, noHistory, notesOfHistory } from '../model/rotation-history.ts';
import { createPassMemory } from './pass-memory.ts';
import { runPass } from './pass.ts';
import type { PassResult, Renderer, Sink } from './pass.ts';
import type { TemplateStore } from '../render/template-store.ts';

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

/** Why a pass was made, in words (`meet-backend-1: start`), and when the first of it happened. */
export interface Cause {
  readonly atMs: number;
  readonly why: readonly string[];
}

/** What the loop tells the rest of the process, and asks of it. */
export interface ControllerHooks {
  /** What is known of these containers besides what the engine tells. */
  notesFor(containers: readonly Container[]): ReadonlyMap<string, Note>;
  /** The engine told of something that is worth a look; milliseconds since 1970. */
  onEvent(event: EngineEvent, atMs: number): void;
  /** A pass ended, which took so long with its look at the engine. */
  onPass(result: PassResult, cause: Cause, tookMs: number): void;
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
  /** Something outside the engine changed, and more of it may follow (a template); what, in words. */
  look(why: string): void;
  /** Something changed by itself (an nginx version, a probe's verdict, an operator's word); what, in words. */
  lookOnce(why: string): void;
  /** Looks at everything afresh, as at every resync. */
  resync(): void;
  lastTurnAtMs(): number;
  /** Resolves when the signal has aborted and the pass under way has ended. */
  readonly ended: Promise<void>;
}

const retryCapMs = 5000;
const maxReasons = 5;
const ends: ReadonlySet<string> = new Set(['die', 'destroy', 'disconnect']);
/** Only the oldest one counts; the others are kept for when it is done with. */
const maxCauses = 1000;

/** Runs the loop: events say look again, never what is. Everything is decided from what the engine lists. */
export function startController(
  engine: Engine,
  renderer: Renderer & Pick<TemplateStore, 'begin'>,
  sink: Sink,
  hooks: ControllerHooks,
  options: ControllerOptions,
  boundary: ErrorBoundary,
  signal: AbortSignal,
): Controller {
  const view = createEngineView(engine.list, nowMs);
  let lastEventAtMs = 0;
  // The events that no pass has finally shown yet, oldest first.
  let causes: {
    readonly heardAtMs: number;
    readonly happenedAtMs: number;
    readonly event: EngineEvent;
    readonly name: string | undefined;
  }[] = [];
  // What changes by time alone changes after this; a timer may ring a little early.
  let notedAtMs = 0;
  let lastTurnAtMs = nowMs();
  /** What else may have changed than what is observed: then a pass is made even if that is the same as before. */
  let due: readonly string[] = ['meet-gen started'];
  /** A container started or ended, and may look the same as before. */
  let mustPass = false;
  let last: Observation | undefined;
  let instances: readonly Instance[] | undefined;
  /** Who takes requests by the last pass, once somebody wants to know. */
  let rotating: ReadonlySet<string> | undefined;
  const memory = createEventMemory();
  let history = noHistory;
  const passMemory = createPassMemory();
  const retry = createBackoff(retryCapMs);
  const timers = createTimers(
    boundary.guard('a timer of the loop', (reason: Reason) => {
      // What failed may have been about anything.
      if (reason === 'retry') view.touchAll(nowMs());
      if (reason !== 'final') noteDue(dueByTime[reason]);
      coalescer.once();
    }),
  );
  const noteDue = (why: string): void => void (due = [...new Set([...due, why])]);

  /** Of the only instance that is looked after, whatever the labels of the others do. */
  const isChosen = (container: Container): boolean => {
    const { only } = options.choice;
    return only === undefined || likelyInstance(container) === only;
  };

  const observe = async (abort: AbortSignal): Promise<Observation> => {
    const beganAtMs = nowMs();
    const containers = await view.look(abort);
    notedAtMs = nowMs();
    const ofEvents = memory.notesFor(containers, beganAtMs, notedAtMs);
    return { containers, notes: mergeNotes(ofEvents, notesOfHistory(history, notedAtMs), hooks.notesFor(containers)) };
  };

  const decide = async (observation: Observation, readsTemplates: boolean): Promise<PassResult> => {
    await renderer.begin(readsTemplates);
    return runPass(observation, renderer, sink, options.choice, passMemory, signal);
  };

  /** All that led to a pass, once each. */
  const causeOf = (dueNow: readonly string[], startedAtMs: number): Cause => {
    // One that is gone has a name no more, one that has just come had none.
    const told = causes.map(
      ({ name, event: { containerId, action } }) => `${name ?? view.nameOf(containerId) ?? containerId.slice(0, 12)}: ${action}`,
    );
    return { atMs: causes[0]?.happenedAtMs ?? startedAtMs, why: [...new Set([...told, ...dueNow])].slice(0, maxReasons) };
  };

  const takeResult = (result: PassResult, cause: Cause, tookMs: number): void => {
    instances = result.instances;
    history = historyAfter(history, instances, nowMs());
    rotating = undefined;
    if (result.heldBackMs !== undefined) timers.after('heldBack', result.heldBackMs);
    if (!signal.aborted) hooks.onPass(result, cause, tookMs);
    const isDone = result.hasFailed !== true && result.problems.every((item) => item.code !== 'publish-failed');
    if (isDone) retry.reset();
    else timers.after('retry', retry.nextMs());
  };

  const pass = async (): Promise<void> => {
    if (signal.aborted) return;
    const startedAtMs = nowMs();
    const dueNow = due;
    const mustNow = mustPass || due.length > 0;
    due = [];
    mustPass = false;
    try {
      const observation = await observe(signal);
      if (mustNow || !isDeepStrictEqual(observation, last)) {
        const cause = causeOf(dueNow, startedAtMs);
        // An event's routes don't wait for a disk: a change of templates is heard of, and looked for at each resync.
        const result = await decide(observation, dueNow.length > 0);
        takeResult(result, cause, nowMs() - startedAtMs);
      } else hooks.onNothingNew();
      last = observation;
      causes = causes.filter((cause) => startedAtMs < cause.heardAtMs + finalAfterMs);
      const changesAtMs = [memory.nextChangeAtMs(notedAtMs), historyChangesAtMs(history, notedAtMs)].flatMap((atMs) => atMs ?? []);
      if (changesAtMs.length > 0) timers.after('memory', Math.min(...changesAtMs) - nowMs());
    } catch (error) {
      if (signal.aborted) return;
      due = [...dueNow, ...due];
      mustPass = true;
      timers.after('retry', retry.nextMs());
      hooks.onPassFailed(error);
    } finally {
      lastTurnAtMs = nowMs();
    }
    // The coalescer looks again when it has been quiet; a very short quiet time would be too early.
    const finalAtMs = lastEventAtMs + finalAfterMs;
    if (startedAtMs < finalAtMs && options.wait.quietMs < finalAfterMs) timers.after('final', finalAtMs - nowMs());
  };
  const coalescer = createCoalescer(() => boundary.attempt('the loop', pass), options.wait);

  const look = (why: string): void => {
    noteDue(why);
    coalescer.trigger();
  };
  const lookOnce = (why: string): void => {
    noteDue(why);
    coalescer.once();
  };

  const takeEvent = (event: EngineEvent, isPast: boolean): void => {
    if (!isRelevant(event, view.knows) || !view.concerns(event.containerId, isChosen)) return;
    const heardAtMs = nowMs();
    const happenedAtMs = Math.min(event.atMs ?? heardAtMs, heardAtMs);
    const isStopping = memory.isStopping(event.containerId, heardAtMs);
    // A network is of no use to one that doesn't run or is about to end, and its start or its end is an event of its own.
    if (event.type === 'network' && (isStopping || view.isAtRest(event.containerId))) return;
    const isCrash = memory.note(event, happenedAtMs, heardAtMs);
    if (event.action === 'start' || event.action === 'die') {
      mustPass = true;
      hooks.onRestart(event.containerId, happenedAtMs);
    }
    // The list that is made at the start shows what became of it.
    if (isPast || (event.action === 'kill' && isStopping)) return;
    if (isCrash) hooks.onCrash(event.containerId);
    hooks.onEvent(event, happenedAtMs);
    view.touch(event.containerId, heardAtMs);
    lastEventAtMs = heardAtMs;
    if (causes.length < maxCauses) causes.push({ heardAtMs, happenedAtMs, event, name: view.nameOf(event.containerId) });
    coalescer.trigger(isEndOfSpare(event) ? 'when quiet' : 'urgent');
  };

  /** Whoever takes no requests is missed by nobody. */
  const isEndOfSpare = ({ action, containerId }: EngineEvent): boolean => {
    if (instances === undefined || !ends.has(action)) return false;
    rotating ??= inRotation(instances);
    return !rotating.has(containerId);
  };

  /** What it said is lost: everything is looked at instead. */
  const lookAtAll = (): void => {
    view.touchAll(nowMs());
    mustPass = true;
    lookOnce('an event that could not be taken in');
  };

  const resync = (): void => {
    view.touchAll(nowMs());
    hooks.onResync();
    lookOnce('a look at everything');
  };

  const stream = followEvents(
    engine.subscribe,
    {
      onEvent: boundary.guard('an event of the engine', takeEvent, lookAtAll),
      onOpened: boundary.guard(
        'the event stream',
        (isRenewal: boolean) => {
          view.hear(true);
          if (!isRenewal) resync();
          // The list is made twice, as after an event, since one may have happened just before.
          view.touchAll(nowMs() + finalAfterMs);
          timers.after('final', finalAfterMs);
        },
        lookAtAll,
      ),
      onConnected: boundary.guard('the event stream', hooks.onConnected),
      onDisconnected: boundary.guard('the event stream', (error: unknown) => {
        view.hear(false);
        hooks.onDisconnected(error);
      }),
    },
    options.reconnectCapMs,
    signal,
  );
  const lookAround = boundary.guard('a resync', resync);
  const renew = boundary.guard('a look at the event stream', stream.renewIfSilent);
  const resyncTimer = setInterval(() => {
    lookAround();
    renew();
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

const dueByTime: Readonly<Record<Exclude<Reason, 'final'>, string>> = {
  retry: 'tried again',
  heldBack: 'a reload that was held back',
  memory: 'the time that has passed',
};

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
