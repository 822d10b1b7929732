import { isDeepStrictEqual } from 'node:util';
import { listOf } from '../model/by-id.ts';
import { entriesWithoutId } from '../model/container.ts';
import type { Container } from '../model/container.ts';
import type { ListContainers } from './source.ts';
import { networkOwnerOf } from '../model/network-owner.ts';

/**
 * The containers as the last looks showed them. After an event, a look asks only for that container by id, whose cost
 * doesn't depend on the number of containers. After a gap in the events, a look asks for all containers.
 */
export interface EngineView {
  /** Records an event about a container, which arrived at `heardAtMs` (milliseconds since 1970). */
  touch(containerId: string, heardAtMs: number): void;
  /** Asks for a full list that begins at `fromMs` or later: events before that may be lost. */
  touchAll(fromMs: number): void;
  /** Says whether events arrive. While they don't, each look lists all containers. */
  setListening(isListening: boolean): void;
  /**
   * Brings the view up to date. An unchanged container stays the same object; if all are unchanged, the list does, too.
   * @throws the error of the list; the view then stays as before
   */
  look(signal: AbortSignal): Promise<readonly Container[]>;
  /** Whether the last list showed the container; true for any id before the first look. */
  knows(containerId: string): boolean;
  /** The container's name in the last list. */
  nameOf(containerId: string): string | undefined;
  /** Whether the container is stopped, without an event since the last list. */
  isAtRest(containerId: string): boolean;
  /** Whether the last list showed this health of the container, without an event since then. */
  showsHealth(containerId: string, health: string): boolean;
  /**
   * Whether an event about a container can matter. Events of unknown containers matter, and events of containers of
   * interest. So do those of a container whose network a container of interest uses.
   */
  concerns(containerId: string, isOfInterest: (container: Container) => boolean): boolean;
}

/** The engine announces some changes up to 15 ms before its list shows them. A list that begins this late is final. */
export const finalAfterMs = 45;
/** With more ids than this, a full list is cheaper. */
const maxIds = 16;
/**
 * With at most so many containers, a final look sometimes lists all: this is cheap, and shows changes without an event.
 */
const maxFullList = 200;
const fullListEveryMs = 10_000;

/** The state of the view. Times in milliseconds since 1970. */
interface Seen {
  /** By id; undefined before the first list. */
  readonly containers: ReadonlyMap<string, Container> | undefined;
  /** The same containers as a list; the same object as before if no container changed. */
  readonly present: readonly Container[];
  /**
   * The containers with an event that no final list has shown yet: the event's time, and whether a list had shown the
   * container before. Changed in place, since a burst of events would copy the map for each event.
   */
  readonly touched: Map<string, { readonly heardAtMs: number; readonly wasSeen: boolean }>;
  /** A full list that begins at this time or later is still needed. */
  readonly fullListDueMs: number | undefined;
  readonly isListening: boolean;
  /** When the last full list began. */
  readonly fullListAtMs: number;
}

/**
 * @param nowMs milliseconds since 1970
 * @param listsAll each list has all containers (`Source.listsAll`)
 */
export function createEngineView(list: ListContainers, nowMs: () => number, listsAll = false): EngineView {
  let seen: Seen = {
    containers: undefined,
    present: [],
    touched: new Map(),
    fullListDueMs: undefined,
    isListening: false,
    fullListAtMs: 0,
  };
  return {
    touch(containerId, heardAtMs) {
      const before = seen.touched.get(containerId);
      const wasSeen = seen.containers?.has(containerId) === true || before?.wasSeen === true;
      seen.touched.set(containerId, { heardAtMs: Math.max(heardAtMs, before?.heardAtMs ?? 0), wasSeen });
    },
    touchAll(fromMs) {
      seen = { ...seen, fullListDueMs: Math.max(seen.fullListDueMs ?? 0, fromMs) };
    },
    setListening(isListening) {
      seen = { ...seen, isListening };
    },
    async look(signal) {
      const beganAtMs = nowMs();
      const ids = idsToAskFor(seen, beganAtMs);
      const listed = ids === undefined || ids.length > 0 ? await list(signal, ids) : undefined;
      // `seen` now also holds the events that arrived during the list.
      if (listed !== undefined) seen = afterList(seen, listed, listsAll ? undefined : ids);
      seen = settle(seen, beganAtMs, ids === undefined);
      return seen.present;
    },
    knows: (containerId) => seen.containers === undefined || seen.containers.has(containerId),
    nameOf: (containerId) => seen.containers?.get(containerId)?.name,
    isAtRest(containerId) {
      const state = seen.containers?.get(containerId)?.state;
      return (state === 'created' || state === 'exited') && !seen.touched.has(containerId);
    },
    showsHealth(containerId, health) {
      const listed = seen.containers?.get(containerId)?.health;
      const isSame = listed === health || (listed === 'healthy-or-none' && health === 'healthy');
      return isSame && !seen.touched.has(containerId);
    },
    concerns(containerId, isOfInterest) {
      const container = seen.containers?.get(containerId);
      if (container === undefined || isOfInterest(container)) return true;
      return [...(seen.containers?.values() ?? [])].some((other) => networkOwnerOf(other) === containerId && isOfInterest(other));
    },
  };
}

/** @returns the ids to ask for; undefined for a full list */
function idsToAskFor(
  { containers, touched, fullListDueMs, isListening, fullListAtMs }: Seen,
  beganAtMs: number,
): readonly string[] | undefined {
  if (containers === undefined || !isListening || fullListDueMs !== undefined || touched.size > maxIds) return undefined;
  const isFinal = [...touched.values()].some(({ heardAtMs }) => beganAtMs >= heardAtMs + finalAfterMs);
  if (isFinal && containers.size <= maxFullList && beganAtMs - fullListAtMs >= fullListEveryMs) return undefined;
  // No container has the event's id, so the event can be about any container.
  if (isFinal && [...touched].some(([id, { wasSeen }]) => !wasSeen && !containers.has(id))) return undefined;
  const owners = [...touched.keys()].flatMap((id) => {
    const container = containers.get(id);
    return container === undefined ? [] : (networkOwnerOf(container) ?? []);
  });
  return [...new Set([...touched.keys(), ...owners])];
}

/**
 * Adds a list to the view: a full list, or the containers that still exist of these ids. If some entries of the list
 * have no id, no container counts as removed.
 */
function afterList(seen: Seen, listed: readonly Container[], ids: readonly string[] | undefined): Seen {
  const before = seen.containers ?? new Map<string, Container>();
  const current = listed.map((container) => keepIfUnchanged(before.get(container.id), container));
  const listedIds = new Set(current.map(({ id }) => id));
  const isPartial = listedIds.has(entriesWithoutId);
  const missing = [...(ids ?? before.keys())].filter((id) => before.has(id) && !listedIds.has(id));
  const removed = isPartial ? [] : missing;
  const isSame = removed.length === 0 && current.every((container) => container === before.get(container.id));
  if (isSame && seen.containers !== undefined) return seen;
  const containers = new Map(before);
  for (const id of removed) containers.delete(id);
  for (const container of current) containers.set(container.id, container);
  return { ...seen, containers, present: listOf(containers) };
}

/** Forgets the events and the due full list that this list has shown for certain. */
function settle(seen: Seen, beganAtMs: number, isFull: boolean): Seen {
  const { fullListDueMs, touched } = seen;
  for (const [id, { heardAtMs }] of touched) if (beganAtMs >= heardAtMs + finalAfterMs) touched.delete(id);
  const isDone = isFull && fullListDueMs !== undefined && beganAtMs >= fullListDueMs;
  return {
    ...seen,
    fullListAtMs: isFull ? beganAtMs : seen.fullListAtMs,
    fullListDueMs: isDone ? undefined : fullListDueMs,
  };
}

/**
 * @returns the object from before if the container is unchanged
 * A container's labels never change. So if they can't be read now, the labels from before apply.
 */
function keepIfUnchanged(before: Container | undefined, now: Container): Container {
  if (before === undefined) return now;
  const wasRead = before.unreadable === undefined || before.hasEarlierLabels === true;
  const seen = now.unreadable !== undefined && wasRead ? { ...now, labels: before.labels, hasEarlierLabels: true as const } : now;
  return isDeepStrictEqual(before, seen) ? before : seen;
}
