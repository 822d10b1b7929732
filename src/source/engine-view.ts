import { isDeepStrictEqual } from 'node:util';
import { listOf } from '../model/by-id.ts';
import { entriesWithoutId } from '../model/container.ts';
import type { Container } from '../model/container.ts';
import type { ListContainers } from './source.ts';
import { networkOwnerOf } from '../model/network-owner.ts';

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

/** What was listed, and what may have changed since. Times in milliseconds since 1970. */
interface Seen {
  /** By id; undefined before the first list. */
  readonly containers: ReadonlyMap<string, Container> | undefined;
  /** The same as a list, which is the same object as before where nothing has changed. */
  readonly present: readonly Container[];
  /**
   * When the last event about a container was heard, until a final list has shown it; whether it had been seen before. It is
   * changed in place: a burst of events must not copy it for each of them.
   */
  readonly touched: Map<string, { readonly heardAtMs: number; readonly wasSeen: boolean }>;
  /** When a list of all has to begin that is still owed. */
  readonly owedFromMs: number | undefined;
  readonly isHeard: boolean;
  /** When the last list of all began. */
  readonly wholeAtMs: number;
}

/** @param nowMs milliseconds since 1970 */
export function createEngineView(list: ListContainers, nowMs: () => number): EngineView {
  let seen: Seen = { containers: undefined, present: [], touched: new Map(), owedFromMs: undefined, isHeard: false, wholeAtMs: 0 };
  return {
    touch(containerId, heardAtMs) {
      const wasSeen = seen.containers?.has(containerId) === true || seen.touched.get(containerId)?.wasSeen === true;
      seen.touched.set(containerId, { heardAtMs, wasSeen });
    },
    touchAll(fromMs) {
      seen = { ...seen, owedFromMs: Math.max(seen.owedFromMs ?? 0, fromMs) };
    },
    hear(isHeard) {
      seen = { ...seen, isHeard };
    },
    async look(signal) {
      const beganAtMs = nowMs();
      const ids = idsToAskFor(seen, beganAtMs);
      const listed = ids === undefined || ids.length > 0 ? await list(signal, ids) : undefined;
      // What was heard during the list is in `seen` by now.
      if (listed !== undefined) seen = afterList(seen, listed, ids);
      seen = settle(seen, beganAtMs, ids === undefined);
      return seen.present;
    },
    knows: (containerId) => seen.containers === undefined || seen.containers.has(containerId),
    nameOf: (containerId) => seen.containers?.get(containerId)?.name,
    isAtRest(containerId) {
      const state = seen.containers?.get(containerId)?.state;
      return (state === 'created' || state === 'exited') && !seen.touched.has(containerId);
    },
    concerns(containerId, isOfInterest) {
      const container = seen.containers?.get(containerId);
      if (container === undefined || isOfInterest(container)) return true;
      return [...(seen.containers?.values() ?? [])].some((other) => networkOwnerOf(other) === containerId && isOfInterest(other));
    },
  };
}

/** The ids to ask for, or undefined for all. */
function idsToAskFor({ containers, touched, owedFromMs, isHeard, wholeAtMs }: Seen, beganAtMs: number): readonly string[] | undefined {
  if (containers === undefined || !isHeard || owedFromMs !== undefined || touched.size > maxIds) return undefined;
  const isFinal = [...touched.values()].some(({ heardAtMs }) => beganAtMs >= heardAtMs + finalAfterMs);
  if (isFinal && containers.size <= maxSeenWhole && beganAtMs - wholeAtMs >= wholeEveryMs) return undefined;
  // An event of one that can't be found by the id that it tells: it may be any of them.
  if (isFinal && [...touched].some(([id, { wasSeen }]) => !wasSeen && !containers.has(id))) return undefined;
  const owners = [...touched.keys()].flatMap((id) => {
    const container = containers.get(id);
    return container === undefined ? [] : (networkOwnerOf(container) ?? []);
  });
  return [...new Set([...touched.keys(), ...owners])];
}

/** Takes in what was listed: all, or what is left of these ids. Where entries have no id, nobody is taken for removed. */
function afterList(seen: Seen, listed: readonly Container[], ids: readonly string[] | undefined): Seen {
  const before = seen.containers ?? new Map<string, Container>();
  const current = listed.map((container) => asSeen(before.get(container.id), container));
  const there = new Set(current.map(({ id }) => id));
  const isPartial = there.has(entriesWithoutId);
  const gone = [...(ids ?? before.keys())].filter((id) => before.has(id) && !there.has(id));
  const removed = isPartial ? [] : gone;
  const isSame = removed.length === 0 && current.every((container) => container === before.get(container.id));
  if (isSame && seen.containers !== undefined) return seen;
  const containers = new Map(before);
  for (const id of removed) containers.delete(id);
  for (const container of current) containers.set(container.id, container);
  return { ...seen, containers, present: listOf(containers) };
}

/** A list ended that began then: what it shows for certain is no longer owed. */
function settle(seen: Seen, beganAtMs: number, isWhole: boolean): Seen {
  const { owedFromMs, touched } = seen;
  for (const [id, { heardAtMs }] of touched) if (beganAtMs >= heardAtMs + finalAfterMs) touched.delete(id);
  const isPaid = isWhole && owedFromMs !== undefined && beganAtMs >= owedFromMs;
  return {
    ...seen,
    wholeAtMs: isWhole ? beganAtMs : seen.wholeAtMs,
    owedFromMs: isPaid ? undefined : owedFromMs,
  };
}

/** What was seen before where nothing is different. A container's labels never change: where they can't be read now, those from before hold. */
function asSeen(before: Container | undefined, now: Container): Container {
  if (before === undefined) return now;
  const wasRead = before.unreadable === undefined || before.isAsBefore === true;
  const seen = now.unreadable !== undefined && wasRead ? { ...now, labels: before.labels, isAsBefore: true as const } : now;
  return isDeepStrictEqual(before, seen) ? before : seen;
}
