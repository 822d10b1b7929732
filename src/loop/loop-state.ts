import { isDeepStrictEqual } from 'node:util';
import { finalAfterMs } from '../source/engine-view.ts';
import type { Observation } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { inRotation } from '../model/in-rotation.ts';
import type { Instance } from '../model/instance.ts';
import { historyAfter, historyChangesAtMs, noHistory } from '../model/rotation-history.ts';
import type { RotationHistory } from '../model/rotation-history.ts';
import { once } from '../util/once.ts';

/** An event that leads to a look. Times in milliseconds since 1970. */
interface HeardEvent {
  readonly heardAtMs: number;
  readonly happenedAtMs: number;
  readonly event: EngineEvent;
  /** The container's name when the event was heard: a removed container has none in the next list. */
  readonly name: string | undefined;
}

/** The reasons for a pass, in words (`meet-backend-1: start`), and the time of the first. */
export interface Cause {
  readonly atMs: number;
  readonly why: readonly string[];
}

/** The state of the loop between two passes. Times in milliseconds since 1970. */
export interface LoopState {
  /**
   * The events whose final state no pass has seen yet, oldest first. Only this part changes in place: a burst of a thousand
   * must not copy them for each.
   */
  readonly events: HeardEvent[];
  /** Reasons for a pass even if the observation is the same as before. */
  readonly due: readonly string[];
  /** A container started or ended, and may look the same as before. */
  readonly mustPass: boolean;
  readonly lastEventAtMs: number;
  /** The observation of the last pass. */
  readonly observation: Observation | undefined;
  readonly instances: readonly Instance[] | undefined;
  /** Containers that take requests, and containers whose network they use. Computed on demand: a host can have thousands. */
  readonly rotating: () => ReadonlySet<string>;
  readonly history: RotationHistory;
}

/** The reasons for a pass. A forced pass runs even if the engine's list is the same as before. */
interface PassReasons {
  readonly due: readonly string[];
  readonly isForced: boolean;
}

const maxReasons = 5;
/** Only the oldest one counts; the others wait until it is done. */
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

/** The state after a change outside the engine. @param why in words */
export function afterReason(state: LoopState, why: string): LoopState {
  return { ...state, due: [...new Set([...state.due, why])] };
}

/** The state after a container started or ended, or an event about it was lost. */
export function afterRestart(state: LoopState): LoopState {
  return { ...state, mustPass: true };
}

export function afterEvent(state: LoopState, heard: HeardEvent): LoopState {
  const { events } = state;
  if (events.length < maxEvents) events.push(heard);
  return { ...state, lastEventAtMs: heard.heardAtMs };
}

/** Whether a container ended that takes no requests: its look can wait for the quiet time. */
export function isEndOfSpare({ instances, rotating }: LoopState, { action, containerId }: EngineEvent): boolean {
  return instances !== undefined && ends.has(action) && !rotating().has(containerId);
}

/** The state when a pass begins: its reasons are no longer due. */
export function beginPass(state: LoopState): { readonly reasons: PassReasons; readonly state: LoopState } {
  const { due, mustPass } = state;
  return { reasons: { due, isForced: mustPass || due.length > 0 }, state: { ...state, due: [], mustPass: false } };
}

/** Whether the pass has anything to decide. */
export function isNews({ isForced }: PassReasons, observation: Observation, before: LoopState): boolean {
  return isForced || !isDeepStrictEqual(observation, before.observation);
}

/** The reasons for a pass, once each. @param nameOf a container's name in the newest list */
export function causeOf(
  { events }: LoopState,
  { due }: PassReasons,
  startedAtMs: number,
  nameOf: (containerId: string) => string | undefined,
): Cause {
  const described = events.map(
    ({ name, event: { containerId, action } }) => `${name ?? nameOf(containerId) ?? containerId.slice(0, 12)}: ${action}`,
  );
  const why = [...new Set([...described, ...due])].slice(0, maxReasons);
  return { atMs: events[0]?.happenedAtMs ?? startedAtMs, why: why.length === 0 ? ['a change without an event'] : why };
}

/** The state after a pass decided. */
export function afterDecision(state: LoopState, instances: readonly Instance[], nowMs: number): LoopState {
  return { ...state, instances, rotating: once(() => inRotation(instances)), history: historyAfter(state.history, instances, nowMs) };
}

/**
 * The state after any pass: it has seen the final state of events that are old enough.
 * @param isUnlisted whether an event announced a change of the container that the list doesn't show yet
 */
export function afterPass(
  state: LoopState,
  observation: Observation,
  startedAtMs: number,
  isUnlisted: (containerId: string) => boolean = () => false,
): LoopState {
  const events = state.events.filter(({ heardAtMs, event }) => startedAtMs < heardAtMs + finalAfterMs || isUnlisted(event.containerId));
  return { ...state, observation, events };
}

/** The state after a failed pass: its reasons are due again. */
export function afterFailure(state: LoopState, { due }: PassReasons): LoopState {
  return { ...state, due: [...due, ...state.due], mustPass: true };
}

/**
 * When the loop looks again without an event.
 * @param lifeChangesAtMs when a note on a container changes by time alone
 */
export function nextChangeAtMs({ history }: LoopState, lifeChangesAtMs: number | undefined, notedAtMs: number): number | undefined {
  const moments = [lifeChangesAtMs, historyChangesAtMs(history, notedAtMs)].flatMap((atMs) => atMs ?? []);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/** When the list certainly shows the last event; undefined where a pass has begun since then. */
export function finalLookAtMs({ lastEventAtMs }: LoopState, startedAtMs: number): number | undefined {
  const finalAtMs = lastEventAtMs + finalAfterMs;
  return startedAtMs < finalAtMs ? finalAtMs : undefined;
}
