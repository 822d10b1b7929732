import { byId } from '../model/by-id.ts';
import type { Container, Note } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { isForgettable, lifeAfter, lifeAfterList, nextChangeAtMs, noteOfLife, stopOf } from '../model/life.ts';
import type { Life } from '../model/life.ts';

/** Remembers of each container what events told and a list can't; forgets what no longer matters. */
export interface EventMemory {
  /** Takes an event about a container of ours in. Times in milliseconds since 1970. */
  /** @returns whether it ended without having been told to */
  note(event: EngineEvent, happenedAtMs: number, heardAtMs: number): boolean;
  /** Whether it has been told to stop already, not too long ago: one more signal tells nothing. */
  isStopping(containerId: string, nowMs: number): boolean;
  /** What counts for the containers of a list that was begun then. */
  notesFor(containers: readonly Container[], listBeganAtMs: number, nowMs: number): ReadonlyMap<string, Note>;
  /** When a note changes by time alone, so that it has to be looked at again. */
  nextChangeAtMs(nowMs: number): number | undefined;
}

export function createEventMemory(): EventMemory {
  const lives = new Map<string, Life>();
  /** Of the last list: what a container that is told to stop was until then. */
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
        // What was heard after the list began is not in the list yet.
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
