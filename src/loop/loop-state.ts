import { isDeepStrictEqual } from 'node:util';
import { finalAfterMs } from '../source/engine-view.ts';
import type { Observation } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { inRotation } from '../model/in-rotation.ts';
import type { Instance } from '../model/instance.ts';
import { historyAfter, historyChangesAtMs, noHistory } from '../model/rotation-history.ts';
import type { RotationHistory } from '../model/rotation-history.ts';
import { once } from '../util/once.ts';

/** An event that is worth a look. Times in milliseconds since 1970. */
interface HeardEvent {
  readonly heardAtMs: number;
  readonly happenedAtMs: number;
  readonly event: EngineEvent;
  /** The container's name when the event was heard: a removed container has none in the next list. */
  readonly name: string | undefined;
}

/** Why a pass was made, in words (`meet-backend-1: start`), and when the first of it happened. */
export interface Cause {
  readonly atMs: number;
  readonly why: readonly string[];
}

/** All that the loop knows between two passes. Times in milliseconds since 1970. */
export interface LoopState {
  /**
   * The events that no pass has finally shown yet, oldest first. The only part that is changed in place: a burst of a thousand
   * must not copy them for each.
   */
  readonly events: HeardEvent[];
  /** What else may have changed than what is observed: then a pass is made even if that is the same as before. */
  readonly due: readonly string[];
  /** A container started or ended, and may look the same as before. */
  readonly mustPass: boolean;
  readonly lastEventAtMs: number;
  /** By the last pass. */
  readonly observation: Observation | undefined;
  readonly instances: readonly Instance[] | undefined;
  /** The containers that take requests, and those whose network they use. Found when it is asked for: a host can have thousands. */
  readonly rotating: () => ReadonlySet<string>;
  readonly history: RotationHistory;
}

/** What a pass is made for: it is made whatever the engine lists when `isForced`. */
interface PassReasons {
  readonly due: readonly string[];
  readonly isForced: boolean;
}

const maxReasons = 5;
/** Only the oldest one counts; the others are kept for when it is done with. */
const maxEvents = 1000;
const ends: ReadonlySet<string> = new Set(['die', 'destroy', 'disconnect']);

export const newLoopState = (): LoopState => ({
  events: [],
  due: ['meet-gen started'],
  mustPass: false,
  lastEventAtMs: 0,
  observation: undefined,
  instances: undefined,
  rotating: () => new Set(),
  history: noHistory,
});

/** Something outside the engine may have changed; what, in words. */
export function afterReason(state: LoopState, why: string): LoopState {
  return { ...state, due: [...new Set([...state.due, why])] };
}

/** A container started or ended, or what happened to it is not known. */
export function afterRestart(state: LoopState): LoopState {
  return { ...state, mustPass: true };
}

export function afterEvent(state: LoopState, heard: HeardEvent): LoopState {
  const { events } = state;
  if (events.length < maxEvents) events.push(heard);
  return { ...state, lastEventAtMs: heard.heardAtMs };
}

/** Whether an event is the end of a container that takes no requests: its look can wait until it is quiet. */
export function isEndOfSpare({ instances, rotating }: LoopState, { action, containerId }: EngineEvent): boolean {
  return instances !== undefined && ends.has(action) && !rotating().has(containerId);
}

/** A pass begins: what it is made for is no longer due. */
export function beginPass(state: LoopState): { readonly reasons: PassReasons; readonly state: LoopState } {
  const { due, mustPass } = state;
  return { reasons: { due, isForced: mustPass || due.length > 0 }, state: { ...state, due: [], mustPass: false } };
}

/** Whether there is anything to decide. */
export function isNews({ isForced }: PassReasons, observation: Observation, before: LoopState): boolean {
  return isForced || !isDeepStrictEqual(observation, before.observation);
}

/** All that led to a pass, once each. @param nameOf a container's name by the newest list */
export function causeOf(
  { events }: LoopState,
  { due }: PassReasons,
  startedAtMs: number,
  nameOf: (containerId: string) => string | undefined,
): Cause {
  const told = events.map(
    ({ name, event: { containerId, action } }) => `${name ?? nameOf(containerId) ?? containerId.slice(0, 12)}: ${action}`,
  );
  return { atMs: events[0]?.happenedAtMs ?? startedAtMs, why: [...new Set([...told, ...due])].slice(0, maxReasons) };
}

/** A pass decided. */
export function afterDecision(state: LoopState, instances: readonly Instance[], nowMs: number): LoopState {
  return { ...state, instances, rotating: once(() => inRotation(instances)), history: historyAfter(state.history, instances, nowMs) };
}

/** A pass ended, whether it had anything to decide or not: it has finally shown the events that are old enough. */
export function afterPass(state: LoopState, observation: Observation, startedAtMs: number): LoopState {
  return { ...state, observation, events: state.events.filter(({ heardAtMs }) => startedAtMs < heardAtMs + finalAfterMs) };
}

/** A pass failed: what it was made for is due again. */
export function afterFailure(state: LoopState, { due }: PassReasons): LoopState {
  return { ...state, due: [...due, ...state.due], mustPass: true };
}

/**
 * When to look again because of time alone.
 * @param lifeChangesAtMs when what is remembered of events changes by itself
 */
export function nextChangeAtMs({ history }: LoopState, lifeChangesAtMs: number | undefined, notedAtMs: number): number | undefined {
  const moments = [lifeChangesAtMs, historyChangesAtMs(history, notedAtMs)].flatMap((atMs) => atMs ?? []);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/** When the list shows the last event for certain; undefined where a pass that began then has seen to that. */
export function finalLookAtMs({ lastEventAtMs }: LoopState, startedAtMs: number): number | undefined {
  const finalAtMs = lastEventAtMs + finalAfterMs;
  return startedAtMs < finalAtMs ? finalAtMs : undefined;
}
