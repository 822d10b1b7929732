import { byId } from '../model/by-id.ts';
import type { Container, Note } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { isForgettable, lifeAfter, lifeAfterList, nextChangeAtMs, noteOfLife, stopOf } from '../model/life.ts';
import type { Life } from '../model/life.ts';

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
  /** When a note changes by time alone, and needs another look. */
  nextChangeAtMs(nowMs: number): number | undefined;
}

export function createEventMemory(): EventMemory {
  const lives = new Map<string, Life>();
  /** The containers of the last list, with their endpoints from before a stop. */
  let listed: ReadonlyMap<string, Container> = new Map();
  return {
    note(event, happenedAtMs, heardAtMs) {
      const { endpointIds = [] } = listed.get(event.containerId) ?? {};
      const before = lives.get(event.containerId);
      const life = lifeAfter(before, event, {
        happenedAtMs,
        receivedAtMs: heardAtMs,
        ...(endpointIds.length === 0 ? {} : { endpointIds }),
      });
      if (life === undefined) lives.delete(event.containerId);
      else lives.set(event.containerId, life);
      return event.action === 'die' && life?.crashesAtMs.at(-1) === happenedAtMs && before?.crashesAtMs.at(-1) !== happenedAtMs;
    },
    isStopping(containerId, nowMs) {
      const life = lives.get(containerId);
      return life !== undefined && stopOf(life, nowMs) === 'in-progress';
    },
    notesFor(containers, listBeganAtMs, nowMs) {
      listed = byId(containers);
      const notes = new Map<string, Note>();
      for (const [id, known] of lives) {
        const container = running(listed.get(id));
        // The list doesn't contain events that came after it began.
        const isSettled = Math.max(known.startedAtMs ?? 0, known.endReceivedAtMs ?? 0, known.stopSignalAtMs ?? 0) < listBeganAtMs;
        const life = isSettled && container !== undefined ? lifeAfterList(known, container) : known;
        const note = noteOfLife(life, listBeganAtMs, nowMs);
        lives.set(id, life);
        if (container === undefined && isSettled && isForgettable(life, nowMs)) lives.delete(id);
        else if (Object.keys(note).length > 0) notes.set(id, note);
      }
      return notes;
    },
    nextChangeAtMs(nowMs) {
      const moments = [...lives.values()].flatMap((life) => nextChangeAtMs(life, nowMs) ?? []);
      return moments.length === 0 ? undefined : Math.min(...moments);
    },
  };
}

function running(container: Container | undefined): Container | undefined {
  return container?.state === 'running' || container?.state === 'paused' ? container : undefined;
}
