import type { Container } from '../model/container.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { finalAfterMs } from '../source/engine-view.ts';
import { announcementHoldsMs, nextLookAtMs } from '../model/life.ts';

/**
 * The pauses and network changes that events have announced, and that no list has shown yet. Docker sends such an event
 * before it saves the container, and its list shows the saved state. On a busy disk, that can take longer than the final
 * look waits. Source: moby, daemon/pause.go and daemon/container_operations.go.
 */
export interface AnnouncedChanges {
  /** Takes an event that meet-gen received at this time, milliseconds since 1970. */
  note(event: EngineEvent, receivedAtMs: number): void;
  /** The containers whose change a list that began at `listBeganAtMs` should show, but doesn't; and when to look again. */
  unlisted(containers: ReadonlyMap<string, Container>, listBeganAtMs: number, nowMs: number): ReadonlyMap<string, number>;
}

interface Announced {
  readonly event: EngineEvent;
  readonly receivedAtMs: number;
}

export function createAnnouncedChanges(): AnnouncedChanges {
  /** By container and network: a later event replaces the opposite one. */
  const announced = new Map<string, Announced>();
  return {
    note(event, receivedAtMs) {
      if (isShownBy(event) !== undefined) announced.set([event.containerId, event.network].join(' '), { event, receivedAtMs });
    },
    unlisted(containers, listBeganAtMs, nowMs) {
      const looks = new Map<string, number>();
      for (const [key, { event, receivedAtMs }] of announced) {
        const container = containers.get(event.containerId);
        const isWaiting = container !== undefined && isUp(container) && isShownBy(event)?.(container) === false;
        if (listBeganAtMs < receivedAtMs + finalAfterMs) continue;
        if (!isWaiting || listBeganAtMs >= receivedAtMs + announcementHoldsMs) announced.delete(key);
        else looks.set(event.containerId, Math.min(looks.get(event.containerId) ?? Infinity, nextLookAtMs(receivedAtMs, nowMs)));
      }
      return looks;
    },
  };
}

/** Whether an entry of the list shows the event's change; undefined for an event that no entry can be compared with. */
function isShownBy({ type, action, network }: EngineEvent): ((container: Container) => boolean) | undefined {
  if (type === 'container' && action === 'pause') return ({ state }) => state === 'paused';
  if (type === 'container' && action === 'unpause') return ({ state }) => state === 'running';
  if (network === undefined) return undefined;
  const isConnected = ({ networks }: Container): boolean => networks.some(({ name }) => name === network);
  return action === 'connect' ? isConnected : (container) => !isConnected(container);
}

/** A change of a container that doesn't run matters at its next start. */
function isUp({ state }: Container): boolean {
  return state === 'running' || state === 'paused';
}
