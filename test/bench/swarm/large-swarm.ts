import { createFakeSwarm } from '../../support/fake-engine/swarm.ts';
import type { FakeSwarm } from '../../support/fake-engine/swarm.ts';

/** A swarm of 50 nodes with 500 tasks: a frontend on each node, 10 backends, and 440 tasks of other services. */
export interface LargeSwarm {
  readonly swarm: FakeSwarm;
  /** The task of the frontend on the first node. */
  readonly frontendId: string;
  /** Changes a backend's version, which changes no routing. */
  changeTask(): void;
  /** Begins an update of the backends, with an event. */
  beginUpdate(): void;
}

export const nodes = 50;
const backends = 10;
const others = 440;
const otherServices = 20;
/** With these, a task has 1.5 KB, as Docker's tasks with a plain specification have. */
const environment = [
  'DJANGO_SETTINGS_MODULE=meet.settings',
  'REDIS_URL=redis://redis:6379/1',
  'LIVEKIT_API_URL=https://livekit.meet.example',
]
  .flatMap((line) => [line, line.toLowerCase()])
  .map((line) => JSON.stringify(line))
  .join();

/** @param frontendAddress the address of the frontend on the first node */
export function createLargeSwarm(frontendAddress: string): LargeSwarm {
  const swarm = createFakeSwarm();
  swarm.service('meet_frontend', { containerLabels: { 'meet.role': 'frontend' } });
  swarm.service('meet_backend', { containerLabels: { 'meet.role': 'backend' } });
  for (let number = 0; number < otherServices; number += 1) swarm.service(`other_${number}`, {});
  const [frontendId = ''] = numbers(nodes).map((number) =>
    swarm.task({
      service: 'meet_frontend',
      node: `node-${number + 1}`,
      address: number === 0 ? frontendAddress : address(number),
    }),
  );
  const backendIds = numbers(backends).map((number) =>
    swarm.task({ service: 'meet_backend', slot: number + 1, address: address(100 + number) }),
  );
  for (const number of numbers(others))
    swarm.task({ service: `other_${number % otherServices}`, slot: number + 1, address: address(200 + number) });
  // A manager's own cost isn't measured, so each answer is made once.
  let answers = answersOf(swarm);
  return {
    swarm: { ...swarm, services: () => answers.services, tasks: () => answers.tasks },
    frontendId,
    changeTask() {
      const id = backendIds.shift() ?? '';
      backendIds.push(id);
      swarm.change(id, {});
      answers = answersOf(swarm);
    },
    beginUpdate() {
      swarm.updateState('meet_backend', 'updating');
      answers = answersOf(swarm);
    },
  };
}

function answersOf(swarm: FakeSwarm): { readonly services: string; readonly tasks: string } {
  return { services: swarm.services(), tasks: swarm.tasks().replaceAll('"Env":[', `"Env":[${environment},`) };
}

function address(number: number): string {
  return `10.1.${number >> 8}.${number & 255}`;
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, number) => number);
}
