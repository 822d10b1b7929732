import type { FakeAnswer, FakeQuestion } from './answer.ts';
import type { FakeEvent } from './event.ts';

/** The swarm of a fake engine that is a manager: JSON in Docker's form, as it is sent. */
export interface FakeSwarm {
  services: readonly unknown[];
  tasks: readonly unknown[];
  /** Sends an event into every event stream that asks for its type. */
  tell(event: FakeEvent): void;
}

/** @param listeners get every event */
export function createFakeSwarm(listeners: ReadonlySet<(event: FakeEvent) => void>): FakeSwarm {
  return {
    services: [],
    tasks: [],
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
export function answerSwarm({ services, tasks }: FakeSwarm, { method, path }: FakeQuestion): FakeAnswer | undefined {
  if (method !== 'GET' || (path !== '/services' && path !== '/tasks')) return undefined;
  return { status: 200, body: `${JSON.stringify(path === '/services' ? services : tasks)}\n` };
}
