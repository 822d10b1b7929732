import { isDeepStrictEqual } from 'node:util';
import { listOf } from '../model/by-id.ts';
import { entriesWithoutId } from '../model/container.ts';
import type { Container } from '../model/container.ts';
import { networkOwnerOf } from '../model/network-owner.ts';

/** Lists containers: all that have a role, or those with these ids, whatever they are. */
export type ListContainers = (signal: AbortSignal, ids?: readonly string[]) => Promise<readonly Container[]>;

/**
 * What the engine has, as it was seen last. A look asks for no more than what may have changed: after an event for its container by
 * id, which costs the engine the same however many others there are; after a gap in the events for all.
 */
export interface EngineView {
  /** Something happened to a container, and was heard of at that moment (milliseconds since 1970). */
  touch(containerId: string, heardAtMs: number): void;
  /** Anything may have happened: only a list of all that begins at that moment or later shows it. */
  touchAll(fromMs: number): void;
  /** Whether events are heard; while they are not, every look is at all. */
  hear(isHeard: boolean): void;
  /**
   * Brings the view up to date. What has not changed is the same object as before: each container, and the whole where none has.
   * @throws whatever listing threw, and changes nothing then
   */
  look(signal: AbortSignal): Promise<readonly Container[]>;
  /** Whether it was seen last; true for any before the first look. */
  knows(containerId: string): boolean;
  /** Its name when it was seen last. */
  nameOf(containerId: string): string | undefined;
  /** Whether it doesn't run, and nothing is known to have happened to it since that was seen. */
  isAtRest(containerId: string): boolean;
  /** Whether what happens to it can matter: it hasn't been seen, is of interest, or one that is uses its network. */
  concerns(containerId: string, isOfInterest: (container: Container) => boolean): boolean;
}

/** The engine announces some changes up to 15 ms before its list shows them; a list begun this long after is final. */
export const finalAfterMs = 45;
/** One list of all is cheaper than one of so many by id. */
const maxIds = 16;
/** Up to so many, a final look is at all of them now and then: it costs little, and heals what no event told. */
const maxSeenWhole = 200;
const wholeEveryMs = 10_000;

/** @param nowMs milliseconds since 1970 */
export function createEngineView(list: ListContainers, nowMs: () => number): EngineView {
  let seen: ReadonlyMap<string, Container> | undefined;
  let present: readonly Container[] = [];
  /** When the last event about a container was heard, until a final list has shown it; whether it had been seen before. */
  const touched = new Map<string, { readonly heardAtMs: number; readonly wasSeen: boolean }>();
  /** When a list of all has to begin that is still owed. */
  let owedFromMs: number | undefined;
  let isHeard = false;
  let wholeAtMs = 0;

  /** The ids to ask for, or undefined for all. */
  const askFor = (beganAtMs: number): readonly string[] | undefined => {
    if (seen === undefined || !isHeard || owedFromMs !== undefined || touched.size > maxIds) return undefined;
    const isFinal = [...touched.values()].some(({ heardAtMs }) => beganAtMs >= heardAtMs + finalAfterMs);
    if (isFinal && seen.size <= maxSeenWhole && beganAtMs - wholeAtMs >= wholeEveryMs) return undefined;
    // An event of one that can't be found by the id that it tells: it may be any of them.
    if (isFinal && [...touched].some(([id, { wasSeen }]) => !wasSeen && seen?.has(id) === false)) return undefined;
    const owners = [...touched.keys()].flatMap((id) => {
      const container = seen?.get(id);
      return container === undefined ? [] : (networkOwnerOf(container) ?? []);
    });
    return [...new Set([...touched.keys(), ...owners])];
  };

  /** Takes in what was listed: all, or what is left of these ids. Where entries have no id, nobody is taken for removed. */
  const take = (listed: readonly Container[], ids: readonly string[] | undefined): void => {
    const before = seen ?? new Map<string, Container>();
    const now = listed.map((container) => asSeen(before.get(container.id), container));
    const there = new Set(now.map(({ id }) => id));
    const isPartial = there.has(entriesWithoutId);
    const gone = [...(ids ?? before.keys())].filter((id) => before.has(id) && !there.has(id));
    const removed = isPartial ? [] : gone;
    const isSame = removed.length === 0 && now.every((container) => container === before.get(container.id));
    if (isSame && seen !== undefined) return;
    const next = new Map(before);
    for (const id of removed) next.delete(id);
    for (const container of now) next.set(container.id, container);
    seen = next;
    present = listOf(next);
  };

  const settle = (beganAtMs: number, isWhole: boolean): void => {
    if (isWhole) wholeAtMs = beganAtMs;
    if (isWhole && owedFromMs !== undefined && beganAtMs >= owedFromMs) owedFromMs = undefined;
    for (const [id, { heardAtMs }] of touched) if (beganAtMs >= heardAtMs + finalAfterMs) touched.delete(id);
  };

  return {
    touch(containerId, heardAtMs) {
      touched.set(containerId, { heardAtMs, wasSeen: seen?.has(containerId) === true || touched.get(containerId)?.wasSeen === true });
    },
    touchAll(fromMs) {
      owedFromMs = Math.max(owedFromMs ?? 0, fromMs);
    },
    hear(heard) {
      isHeard = heard;
    },
    async look(signal) {
      const beganAtMs = nowMs();
      const ids = askFor(beganAtMs);
      if (ids === undefined || ids.length > 0) take(await list(signal, ids), ids);
      settle(beganAtMs, ids === undefined);
      return present;
    },
    knows: (containerId) => seen === undefined || seen.has(containerId),
    nameOf: (containerId) => seen?.get(containerId)?.name,
    isAtRest(containerId) {
      const state = seen?.get(containerId)?.state;
      return (state === 'created' || state === 'exited') && !touched.has(containerId);
    },
    concerns(containerId, isOfInterest) {
      const container = seen?.get(containerId);
      if (container === undefined || isOfInterest(container)) return true;
      return [...(seen?.values() ?? [])].some((other) => networkOwnerOf(other) === containerId && isOfInterest(other));
    },
  };
}

/** What was seen before where nothing is different. A container's labels never change: where they can't be read now, those from before hold. */
function asSeen(before: Container | undefined, now: Container): Container {
  if (before === undefined) return now;
  const wasRead = before.unreadable === undefined || before.isAsBefore === true;
  const seen = now.unreadable !== undefined && wasRead ? { ...now, labels: before.labels, isAsBefore: true as const } : now;
  return isDeepStrictEqual(before, seen) ? before : seen;
}
