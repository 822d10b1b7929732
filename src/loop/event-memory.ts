import { byId } from '../model/by-id.ts';
import type { Container, Note } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { finalAfterMs } from '../source/engine-view.ts';
import { isEndHeld, isForgettable, lifeAfter, lifeAfterList, nextChangeAtMs, nextLookAtMs, noteOfLife, stopOf } from '../model/life.ts';
import type { Life } from '../model/life.ts';
import { createAnnouncedChanges } from './announced-changes.ts';

/** Turns events into notes about containers, with facts that the engine's list lacks. Drops notes that no longer matter. */
export interface EventMemory {
  /**
   * Takes an event about a container with `meet.*` labels. Times in milliseconds since 1970.
   * @returns whether the container ended without a stop
   */
  note(event: EngineEvent, happenedAtMs: number, heardAtMs: number): boolean;
  /** Whether the container got a stop signal a short time ago, so that another signal changes nothing. */
  isStopping(containerId: string, nowMs: number): boolean;
  /** The notes on the containers of a list that began at that time. */
  notesFor(containers: readonly Container[], listBeganAtMs: number, nowMs: number): ReadonlyMap<string, Note>;
  /** The containers whose end or change a final list didn't show yet, and when to look for it. */
  unlisted(): ReadonlyMap<string, number>;
  /** When a note changes by time alone, and needs another look. */
  nextChangeAtMs(nowMs: number): number | undefined;
}

export function createEventMemory(): EventMemory {
  const lives = new Map<string, Life>();
  /** The containers of the last list, with their endpoints from before a stop. */
  let listed: ReadonlyMap<string, Container> = new Map();
  const changes = createAnnouncedChanges();
  let unlisted: ReadonlyMap<string, number> = new Map();
  return {
    note(event, happenedAtMs, heardAtMs) {
      changes.note(event, heardAtMs);
      const { endpointIds = [], isStopping = false } = listed.get(event.containerId) ?? {};
      const before = lives.get(event.containerId);
      const life = lifeAfter(before, event, {
        happenedAtMs,
        receivedAtMs: heardAtMs,
        isStopListed: isStopping,
        ...(endpointIds.length === 0 ? {} : { endpointIds }),
      });
      if (life === undefined) lives.delete(event.containerId);
      else lives.set(event.containerId, life);
      const crashedAtMs = life?.crashesAtMs.at(-1);
      return crashedAtMs !== undefined && before?.crashesAtMs.includes(crashedAtMs) !== true;
    },
    isStopping(containerId, nowMs) {
      const life = lives.get(containerId);
      return life !== undefined && stopOf(life, nowMs) === 'in-progress';
    },
    notesFor(containers, listBeganAtMs, nowMs) {
      listed = byId(containers);
      const notes = new Map<string, Note>();
      const ends = new Map<string, number>();
      for (const [id, known] of lives) {
        const container = running(listed.get(id));
        // The list doesn't contain events that came after it began.
        const isSettled = Math.max(known.startedAtMs ?? 0, known.endReceivedAtMs ?? 0, known.stopSignalAtMs ?? 0) < listBeganAtMs;
        const life = isSettled && container !== undefined ? lifeAfterList(known, container) : known;
        const isEndListed = isSettled && container === undefined;
        const note = noteOfLife(life, isEndListed ? Infinity : listBeganAtMs, nowMs);
        const isFinal = listBeganAtMs >= (life.endReceivedAtMs ?? 0) + finalAfterMs;
        if (isFinal && container !== undefined && isEndHeld(life, listBeganAtMs))
          ends.set(id, nextLookAtMs(life.endReceivedAtMs ?? 0, nowMs));
        lives.set(id, life);
        if (isEndListed && isForgettable(life, nowMs)) lives.delete(id);
        else if (Object.keys(note).length > 0) notes.set(id, note);
      }
      unlisted = new Map([...changes.unlisted(listed, listBeganAtMs, nowMs), ...ends]);
      return notes;
    },
    unlisted: () => unlisted,
    nextChangeAtMs(nowMs) {
      const moments = [...lives.values()].flatMap((life) => nextChangeAtMs(life, nowMs) ?? []);
      return moments.length === 0 ? undefined : Math.min(...moments);
    },
  };
}

function running(container: Container | undefined): Container | undefined {
  return container?.state === 'running' || container?.state === 'paused' ? container : undefined;
}
