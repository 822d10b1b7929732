import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopAtFirstFailure } from '../support/in-order.ts';
import { deployMeet, type SwarmMeet } from '../support/swarm/meet.ts';
import { providedSwarm, type Swarm } from '../support/swarm/swarm.ts';
import { waitUntil } from '../support/wait-until.ts';

// stack.example.yml on three nodes. The short form: test/endurance/swarm.test.ts repeats it with more requests.

let swarm: Swarm;
let meet: SwarmMeet;

beforeAll(async () => {
  swarm = providedSwarm();
  meet = await deployMeet(swarm);
});
afterAll(() => meet?.remove());
stopAtFirstFailure();

const everywhere = (backends: number): Readonly<Record<string, number>> => ({
  meet_frontend: 3,
  'meet_meet-gen': 3,
  meet_reader: 1,
  meet_backend: backends,
});

async function scaled(backends: number): Promise<void> {
  await meet.scale('backend', backends);
  await swarm.settled(everywhere(backends));
  await meet.routed();
}

/** The published files of all nodes, without repetition. */
const files = (): readonly (string | undefined)[] => [...new Set(swarm.nodes.map(meet.published))];

describe.sequential('stack.example.yml on a manager and two workers', () => {
  test('has live routes on every node', async () => {
    await swarm.settled(everywhere(2));
    await meet.routed();
    for (const node of swarm.nodes) {
      const page = await node.get(meet.port, '/abc-defg-hij');
      expect({ status: page.status, isSpa: page.body.includes('SPA of') }).toEqual({ status: 200, isSpa: true });
    }
  });

  test('follows from two backends to five, one and three, with the same bytes on every node', async () => {
    for (const count of [5, 1, 3]) {
      await scaled(count);
      expect(await meet.backends()).toHaveLength(count);
      await waitUntil('all nodes have the same file', () => files().length === 1);
    }
    expect(files()[0]).toContain('upstream');
  });

  test('drains a service by a label, and takes it back, while no task restarts', async () => {
    const before = await meet.backends();
    await meet.update('backend', '--label-add', 'meet.drain=true');
    await waitUntil('every node drains the backends', () => swarm.nodes.every((node) => /:8000.* backup/.test(meet.published(node) ?? '')));
    await meet.update('backend', '--label-rm', 'meet.drain');
    await waitUntil('no node drains them', () => swarm.nodes.every((node) => !/:8000.* backup/.test(meet.published(node) ?? '')));
    expect(await meet.backends()).toEqual(before);
  });
});
