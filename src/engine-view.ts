import { nowMs } from './clock.ts';
import type { Container } from './model/container.ts';
import { networkOwnerOf } from './model/network-owner.ts';

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
  /** Brings the view up to date. @throws whatever listing threw, and changes nothing then */
  look(signal: AbortSignal): Promise<readonly Container[]>;
  /** Whether it was seen last; true for any before the first look. */
  knows(containerId: string): boolean;
  /** Whether what happens to it can matter: it hasn't been seen, is of interest, or one that is uses its network. */
  concerns(containerId: string, isOfInterest: (container: Container) => boolean): boolean;
}

/** The engine announces some changes up to 15 ms before its list shows them; a list begun this long after is final. */
export const finalAfterMs = 45;
/** One list of all is cheaper than one of so many by id. */
const maxIds = 16;
/** Up to so many, the final look is at all of them: it costs little, and heals what no event told. */
const maxSeenWhole = 200;

export function createEngineView(list: ListContainers): EngineView {
  let seen: Map<string, Container> | undefined;
  /** When the last event about a container was heard, until a final list has shown it. */
  const touched = new Map<string, number>();
  /** When a list of all has to begin that is still owed. */
  let owedFromMs: number | undefined;
  let isHeard = false;

  /** The ids to ask for, or undefined for all. */
  const askFor = (beganAtMs: number): readonly string[] | undefined => {
    if (seen === undefined || !isHeard || owedFromMs !== undefined || touched.size > maxIds) return undefined;
    const isFinal = [...touched.values()].some((heardAtMs) => beganAtMs >= heardAtMs + finalAfterMs);
    if (isFinal && seen.size <= maxSeenWhole) return undefined;
    const owners = [...touched.keys()].flatMap((id) => {
      const container = seen?.get(id);
      return container === undefined ? [] : (networkOwnerOf(container) ?? []);
    });
    return [...new Set([...touched.keys(), ...owners])];
  };

  const settle = (beganAtMs: number, isWhole: boolean): void => {
    if (isWhole && owedFromMs !== undefined && beganAtMs >= owedFromMs) owedFromMs = undefined;
    for (const [id, heardAtMs] of touched) if (beganAtMs >= heardAtMs + finalAfterMs) touched.delete(id);
  };

  return {
    touch(containerId, heardAtMs) {
      touched.set(containerId, heardAtMs);
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
      if (ids === undefined) {
        const listed = await list(signal);
        seen = new Map(listed.map((container) => [container.id, container]));
      } else if (ids.length > 0) {
        const listed = await list(signal, ids);
        const next = new Map(seen);
        for (const id of ids) next.delete(id);
        for (const container of listed) next.set(container.id, container);
        seen = next;
      }
      settle(beganAtMs, ids === undefined);
      return [...(seen?.values() ?? [])];
    },
    knows: (containerId) => seen === undefined || seen.has(containerId),
    concerns(containerId, isOfInterest) {
      const container = seen?.get(containerId);
      if (container === undefined || isOfInterest(container)) return true;
      return [...(seen?.values() ?? [])].some((other) => networkOwnerOf(other) === containerId && isOfInterest(other));
    },
  };
}
