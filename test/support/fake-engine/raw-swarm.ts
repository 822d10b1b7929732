import type { FakeAnswer, FakeQuestion } from './answer.ts';
import type { FakeEvent } from './event.ts';

/** The answers of a manager as raw JSON, for tests that plant text in them. */
export interface RawSwarm {
  services: readonly unknown[] | undefined;
  tasks: readonly unknown[] | undefined;
  /** Sends an event into every event stream that asks for its type. */
  tell(event: FakeEvent): void;
}

/** @param listeners get every event */
export function createRawSwarm(listeners: ReadonlySet<(event: FakeEvent) => void>): RawSwarm {
  return {
    services: undefined,
    tasks: undefined,
    tell(event) {
      for (const listener of listeners) listener(event);
    },
  };
}

/** A service or node event as an engine sends it. */
export function swarmEvent(type: 'service' | 'node', action: string, id: string, attributes: Readonly<Record<string, string>>): FakeEvent {
  const nowMs = Date.now();
  return {
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'swarm',
    time: Math.floor(nowMs / 1000),
    timeNano: nowMs * 1_000_000,
  };
}

/** The answer to `GET /services` and `GET /tasks`; undefined for any other call. */
export function answerRaw({ services, tasks }: RawSwarm, { method, path }: FakeQuestion): FakeAnswer | undefined {
  if (method !== 'GET' || (path !== '/services' && path !== '/tasks')) return undefined;
  const objects = path === '/services' ? services : tasks;
  return objects === undefined ? undefined : { status: 200, body: `${JSON.stringify(objects)}\n` };
}
