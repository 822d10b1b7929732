import { setTimeout as sleep } from 'node:timers/promises';
import { createBackoff } from './backoff.ts';
import type { Backoff } from './backoff.ts';
import { createCoalescer } from './coalescer.ts';
import type { Wait } from './coalescer.ts';
import type { Container, Observation } from './model/container.ts';
import { isRelevant, noteStop, stopsInProgress } from './model/engine-event.ts';
import type { EngineEvent, Stops } from './model/engine-event.ts';
import { runPass } from './pipeline.ts';
import type { PassResult, Renderer, Sink } from './pipeline.ts';

/** The engine, as the loop needs it. */
export interface Engine {
  list(signal: AbortSignal): Promise<readonly Container[]>;
  subscribe(since: number | undefined, signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
}

export interface ControllerOptions {
  readonly only: string | undefined;
  readonly wait: Wait;
  readonly resyncMs: number;
  readonly reconnectCapMs: number;
}

/** What the loop tells the rest of the process. */
export interface ControllerHooks {
  /** A pass ended; `causedAtMs` is when the first event that led to it happened. */
  onPass(result: PassResult, causedAtMs: number): void;
  /** A pass failed and changed nothing; it is tried again. */
  onPassFailed(error: unknown): void;
  onConnected(): void;
  onDisconnected(error: unknown): void;
  /** An own container started or ended. */
  onRestart(containerId: string): void;
  /** Whatever is taken for known should be asked again. */
  onResync(): void;
}

export interface Controller {
  /** Something outside the engine changed (a template, an nginx version). */
  look(): void;
  /** Looks at everything afresh, as at every resync. */
  resync(): void;
  lastTurnAtMs(): number;
  /** Resolves when the signal has aborted and the pass under way has ended. */
  readonly ended: Promise<void>;
}

/** The engine announces some changes up to 15 ms before its list shows them; a list begun this long after is final. */
const finalAfterMs = 45;
/** A stream that lived this long worked; one that ended earlier is a fault, and is not hurried. */
const steadyMs = 2000;
const retryCapMs = 5000;
/** Only the oldest one counts; the others are kept for when it is done with. */
const maxCauses = 1000;
/** An event's own time is believed when it is this near to ours: both clocks are then the same. */
const sameClockMs = 10_000;

/** Runs the loop: events say look again, never what is. Everything is decided from one list per pass. */
export function startController(
  engine: Engine,
  renderer: Renderer,
  sink: Sink,
  hooks: ControllerHooks,
  options: ControllerOptions,
  signal: AbortSignal,
): Controller {
  // Undefined before the first list: until then any container may be one of ours.
  let knownIds: ReadonlySet<string> | undefined;
  let stops: Stops = new Map();
  let lastEventAtMs = 0;
  // The events that no pass has finally shown yet, oldest first.
  let causes: { readonly heardAtMs: number; readonly happenedAtMs: number }[] = [];
  let lastEngineTimeMs: number | undefined;
  let lastTurnAtMs = Date.now();
  let wasCut = false;
  const retry = createBackoff(retryCapMs);
  const timers = { retry: undefined as NodeJS.Timeout | undefined, final: undefined as NodeJS.Timeout | undefined };

  const observe = async (abort: AbortSignal): Promise<Observation> => {
    const containers = await engine.list(abort);
    const running = new Set(containers.filter((container) => container.state === 'running').map((container) => container.id));
    knownIds = new Set(containers.map((container) => container.id));
    stops = stopsInProgress(stops, Date.now());
    return { containers, stopping: new Set([...stops.keys()].filter((id) => running.has(id))) };
  };

  const pass = async (): Promise<void> => {
    if (signal.aborted) return;
    const startedAtMs = Date.now();
    const causedAtMs = causes[0]?.happenedAtMs ?? startedAtMs;
    try {
      const result = await runPass({ observe }, renderer, sink, options.only, signal);
      causes = causes.filter((cause) => startedAtMs < cause.heardAtMs + finalAfterMs);
      if (result.problems.some((item) => item.code === 'publish-failed')) onceAfter('retry', retry.nextMs());
      else retry.reset();
      if (!signal.aborted) hooks.onPass(result, causedAtMs);
    } catch (error) {
      if (signal.aborted) return;
      hooks.onPassFailed(error);
      onceAfter('retry', retry.nextMs());
    } finally {
      lastTurnAtMs = Date.now();
    }
    // The coalescer looks again when it has been quiet; a very short quiet time would be too early.
    const finalAtMs = lastEventAtMs + finalAfterMs;
    if (startedAtMs < finalAtMs && options.wait.quietMs < finalAfterMs) onceAfter('final', Math.max(0, finalAtMs - Date.now()));
  };
  const coalescer = createCoalescer(pass, options.wait);

  /** One timer of each kind, however many passes ask for one. */
  const onceAfter = (kind: keyof typeof timers, delayMs: number): void => {
    clearTimeout(timers[kind]);
    timers[kind] = setTimeout(coalescer.once, delayMs);
  };

  const take = (event: EngineEvent): void => {
    lastEngineTimeMs = event.atMs ?? lastEngineTimeMs;
    if (!isRelevant(event, knownIds ?? new Set([event.containerId]))) return;
    const nowMs = Date.now();
    lastEventAtMs = nowMs;
    stops = noteStop(stops, event, nowMs);
    const happenedAtMs = event.atMs !== undefined && Math.abs(nowMs - event.atMs) < sameClockMs ? event.atMs : nowMs;
    if (causes.length < maxCauses) causes.push({ heardAtMs: nowMs, happenedAtMs });
    if (event.action === 'start' || event.action === 'die') hooks.onRestart(event.containerId);
    coalescer.trigger();
  };

  const resync = (): void => {
    hooks.onResync();
    coalescer.once();
  };

  /**
   * Subscribes, then lists: a change in between shows in one of them. The list is made twice, as after an event, since
   * one may have happened just before.
   */
  const follow = async (since: number | undefined, reconnect: Backoff): Promise<void> => {
    const events = await engine.subscribe(since, signal);
    const openedAtMs = Date.now();
    const steady = setTimeout(hooks.onConnected, wasCut ? steadyMs : 0);
    resync();
    onceAfter('final', finalAfterMs);
    try {
      for await (const event of events) take(event);
    } finally {
      clearTimeout(steady);
      wasCut = Date.now() - openedAtMs < steadyMs;
      if (!wasCut) reconnect.reset();
    }
    if (wasCut) throw new Error('the engine, or something in between, ends the event stream as soon as it is opened');
  };

  /** A stream that lived and ended is opened again without a word: some proxies cut one that is idle. */
  const keepFollowing = async (): Promise<void> => {
    const reconnect = createBackoff(options.reconnectCapMs);
    while (!signal.aborted) {
      try {
        await follow(lastEngineTimeMs, reconnect);
      } catch (error) {
        if (!signal.aborted) hooks.onDisconnected(error);
      }
      await sleep(reconnect.nextMs(), undefined, { signal }).catch(() => undefined);
    }
  };

  const resyncTimer = setInterval(resync, options.resyncMs);
  const run = async (): Promise<void> => {
    await keepFollowing();
    clearInterval(resyncTimer);
    for (const timer of Object.values(timers)) clearTimeout(timer);
    await coalescer.stop();
  };
  const ended = run();
  return { look: () => coalescer.trigger(), resync, lastTurnAtMs: () => lastTurnAtMs, ended };
}
