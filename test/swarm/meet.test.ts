import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopAtFirstFailure } from '../support/in-order.ts';
import { deployMeet, type SwarmMeet } from '../support/swarm/swarm-meet.ts';
import { providedSwarm, type Swarm } from '../support/swarm/swarm.ts';
import { failuresOf, underLoad } from '../support/swarm/under-load.ts';
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

/** Waits until all backends have this rank on each node. */
async function ranksAre(expected: string): Promise<void> {
  let seen: unknown;
  await waitUntil(
    `the backends are ${expected}`,
    async () => {
      const all = await Promise.all(swarm.nodes.map(meet.ranks));
      seen = all;
      return all.every((ranks) => ranks.join() === expected);
    },
    undefined,
    () => JSON.stringify(seen),
  );
}

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
    await ranksAre('draining');
    await meet.update('backend', '--label-rm', 'meet.drain');
    await ranksAre('ready');
    expect(await meet.backends()).toEqual(before);
    await meet.routed();
  });

  test('loses no request during a rolling update, and sends none to a task that has stopped', async () => {
    const before = await meet.backends();
    const upstreams = await meet.upstreams();
    const countErrors = async (): Promise<number> => {
      const failed = (await Promise.all(swarm.workers.map(meet.failedUpstreams))).flat();
      return failed.filter((address) => upstreams.includes(address)).length;
    };
    const errorsBefore = await countErrors();
    const summaries = await underLoad(meet, {
      name: 'update',
      nodes: swarm.workers,
      requestsOfEach: 3000,
      act: () => meet.replace('backend'),
    });
    expect(failuresOf(summaries)).toEqual([]);
    await swarm.settled(everywhere(3));
    await meet.routed();
    for (const id of await meet.backends()) expect(before).not.toContain(id);
    // nginx sends such a request again, so that clients only see a delay.
    expect((await countErrors()) - errorsBefore).toBe(0);
    for (const { backends } of summaries) expect(Object.keys(backends)).toHaveLength(6);
  });

  test('loses no GET when a task crashes, and no POST but those under way', async () => {
    const [crashing] = await swarm.running(meet.service('backend'));
    if (crashing === undefined) throw new Error('no backend runs');
    const summaries = await underLoad(meet, {
      name: 'crash',
      nodes: swarm.workers,
      requestsOfEach: 1500,
      act: async () => {
        await swarm.nodeOf(crashing).crash(crashing.Status.ContainerStatus?.ContainerID ?? '');
        await swarm.ended(crashing);
        await swarm.settled(everywhere(3));
        await meet.routed();
      },
    });
    expect(failuresOf(summaries, 'GET')).toEqual([]);
    // Each client has one request under way.
    expect(failuresOf(summaries, 'POST').length).toBeLessThanOrEqual(8);
  });

  test('goes on without a node whose link is cut, and follows on that node once it is back', async () => {
    const lost = swarm.nodes[2];
    if (lost === undefined) throw new Error('there is no third node');
    const others = swarm.nodes.filter((node) => node !== lost);
    await lost.cut();
    await waitUntil('the node is down', async () => (await swarm.states())[lost.name] === 'Down');
    expect((await lost.get(meet.port, '/abc-defg-hij')).status).toBe(200);
    await waitUntil('the lost node reports that it has no view', async () =>
      (await meet.status(lost)).problems.some(({ code }) => code === 'engine-unreachable'),
    );
    await waitUntil('three backends run elsewhere', async () => {
      const tasks = await swarm.running(meet.service('backend'));
      return tasks.length === 3 && tasks.every((task) => swarm.nodeOf(task) !== lost);
    });
    await meet.routed(others);
    await lost.restore();
    await waitUntil('the node is back', async () => (await swarm.states())[lost.name] === 'Ready');
    await swarm.settled(everywhere(3));
    await meet.routed();
    await waitUntil('all nodes have the same file', () => files().length === 1);
  });
});
