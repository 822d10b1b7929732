import { byId } from '../../model/by-id.ts';
import type { Container, Note } from '../../model/container.ts';
import { defined } from '../../util/defined.ts';
import { parseJsonObject } from '../../util/json-object.ts';

/** A container that an operator took out of rotation. Times in milliseconds since 1970. */
interface Mark {
  readonly atMs: number;
  /** The time since which every frontend is proven to send the container no new request. */
  readonly outSinceMs?: number;
}

/** The containers that operators took out of rotation, until they end. Kept across restarts of meet-gen. */
export interface Drains {
  /** Reads the drains of an earlier process. @throws Error when the text isn't a JSON object */
  load(text: string): void;
  has(containerId: string): boolean;
  /** @returns whether any container was not drained before */
  mark(containerIds: readonly string[], atMs: number): boolean;
  cancel(containerIds: readonly string[]): void;
  /** Notes whether a container gets no new requests. @returns since when, if it gets no new requests */
  noteOut(containerId: string, isOut: boolean, isProven: boolean, nowMs: number): number | undefined;
  /** Ends the drain of a container that started or ended since. */
  restarted(containerId: string, atMs: number): void;
  /** Notes for the containers of a list. Drains of containers that don't run are dropped. */
  notesFor(containers: readonly Container[]): ReadonlyMap<string, Note>;
}

/** @param save stores a text for the next process; called after each change */
export function createDrains(save: (text: string) => void): Drains {
  const marks = new Map<string, Mark>();
  const keep = (): void => save(JSON.stringify(Object.fromEntries([...marks].map(([id, { atMs }]) => [id, atMs]))));
  const forget = (ids: readonly string[]): void => {
    const known = ids.filter((id) => marks.delete(id));
    if (known.length > 0) keep();
  };
  return {
    load(text) {
      for (const [id, atMs] of Object.entries(parseJsonObject(text))) if (typeof atMs === 'number') marks.set(id, { atMs });
    },
    has: (containerId) => marks.has(containerId),
    mark(containerIds, atMs) {
      const fresh = containerIds.filter((id) => !marks.has(id));
      for (const id of fresh) marks.set(id, { atMs });
      if (fresh.length > 0) keep();
      return fresh.length > 0;
    },
    cancel: forget,
    noteOut(containerId, isOut, isProven, nowMs) {
      const mark = marks.get(containerId);
      if (mark === undefined) return undefined;
      const outSinceMs = !isOut ? undefined : (mark.outSinceMs ?? (isProven ? nowMs : undefined));
      marks.set(containerId, { atMs: mark.atMs, ...defined({ outSinceMs }) });
      return outSinceMs;
    },
    restarted(containerId, atMs) {
      if ((marks.get(containerId)?.atMs ?? Infinity) <= atMs) forget([containerId]);
    },
    notesFor(containers) {
      if (marks.size === 0) return new Map();
      const there = byId(containers);
      forget([...marks.keys()].filter((id) => !['running', 'paused'].includes(there.get(id)?.state ?? '')));
      return new Map([...marks.keys()].map((id) => [id, { drained: true }]));
    },
  };
}
