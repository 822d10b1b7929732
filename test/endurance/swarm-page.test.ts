import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopAtFirstFailure } from '../support/in-order.ts';
import { documentedBlock } from '../support/docs/pages.ts';
import { runBlock } from '../support/swarm/run-block.ts';
import { deployMeet, type SwarmMeet } from '../support/swarm/swarm-meet.ts';
import { startOwnSwarm, type OwnSwarm } from '../support/swarm/swarm.ts';
import { waitUntil } from '../support/wait-until.ts';

// Reads docs/swarm.md as a user: the commands of the page, on a manager and two workers. The deployment runs "prepare",
// and the command of "deploy" with other flags.

let swarm: OwnSwarm;
let meet: SwarmMeet;
const backend = 'meet_backend';

beforeAll(async () => {
  swarm = await startOwnSwarm(1);
  meet = await deployMeet(swarm);
  await swarm.settled({ [backend]: 2, meet_frontend: 3, 'meet_meet-gen': 3, meet_reader: 1 });
  await meet.routed();
});
afterAll(() => swarm?.stop());
stopAtFirstFailure();

const viewIsFresh = async (): Promise<boolean> => {
  const all = await Promise.all(swarm.workers.map(meet.status));
  return all.every(({ engine }) => engine.connected && engine.failingSince === undefined);
};

describe.sequential('the commands of docs/swarm.md', () => {
  test('look: make the tables, and show the live routes', async () => {
    const [task] = await swarm.running(backend);
    if (task === undefined) throw new Error('no backend runs');
    const shown = await runBlock(swarm.nodeOf(task), 'look');
    expect(shown).toContain('live');
    expect(shown).toContain('on another node');
  });

  test('scale, update, drain: five tasks of the new image run on the other nodes, and all routes follow', async () => {
    const [, drained] = swarm.nodes;
    if (drained === undefined) throw new Error('there is no second node');
    await runBlock(swarm.manager, 'scale, update, drain');
    await waitUntil('five backends run elsewhere', async () => {
      const tasks = await swarm.running(backend);
      return (
        tasks.length === 5 && tasks.every((task) => swarm.nodeOf(task) !== drained && task.Spec.ContainerSpec.Image?.includes('v1.28.0'))
      );
    });
    await meet.routed(swarm.nodes.filter((node) => node !== drained));
    await swarm.manager.docker('node', 'update', '--availability', 'active', drained.name);
    await swarm.settled({ [backend]: 5, meet_frontend: 3, 'meet_meet-gen': 3 });
    await meet.routed();
  });

  test('drain by label: the tasks drain and return, and none restarts', async () => {
    const before = await meet.backends();
    await runBlock(swarm.manager, 'drain by label');
    await waitUntil('no task drains', async () => (await meet.ranks(swarm.manager)).join() === 'ready');
    expect(await meet.backends()).toEqual(before);
  });

  test('drain a manager: as the only manager it takes the view away, beside a second manager not', async () => {
    const [first, , third] = swarm.nodes;
    const [promote = '', drain = ''] = documentedBlock('docs/swarm.md', 'drain a manager').split('\n');
    if (first === undefined || third === undefined) throw new Error('a node is missing');
    expect([promote, drain]).toEqual([expect.stringContaining('promote'), expect.stringContaining('drain')]);
    await first.docker('node', 'update', '--availability', 'drain', first.name);
    await waitUntil('the workers have no view', async () => {
      const all = await Promise.all(swarm.workers.map(meet.status));
      return all.every(
        ({ engine, problems }) => engine.failingSince !== undefined && problems.some(({ code }) => code === 'engine-unreachable'),
      );
    });
    await first.docker('node', 'update', '--availability', 'active', first.name);
    await swarm.settled({ meet_reader: 1, meet_frontend: 3, 'meet_meet-gen': 3 });
    await waitUntil('the workers have a view', viewIsFresh);

    await first.docker('node', 'promote', third.name);
    await swarm.settled({ meet_reader: 2 });
    await runBlock(first, 'drain a manager');
    await swarm.settled({ meet_reader: 1, [backend]: 5, meet_frontend: 2, 'meet_meet-gen': 2 });
    await meet.routed(swarm.workers);
    expect(await viewIsFresh()).toBe(true);
  });
});
