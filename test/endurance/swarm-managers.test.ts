import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopAtFirstFailure } from '../support/in-order.ts';
import { deployMeet, type SwarmMeet } from '../support/swarm/swarm-meet.ts';
import { startOwnSwarm, type OwnSwarm, type SwarmNode } from '../support/swarm/swarm.ts';
import { underLoad } from '../support/swarm/under-load.ts';
import { watchFile } from '../support/swarm/watch-file.ts';
import { waitUntil } from '../support/wait-until.ts';

// A swarm of three managers, each with a reader: the leader ends, a manager hangs, and the majority is lost.

const requestsOfEach = Number(process.env['SWARM_REQUESTS'] ?? 10_000);

let swarm: OwnSwarm;
let meet: SwarmMeet;

beforeAll(async () => {
  swarm = await startOwnSwarm(3);
});
afterAll(() => swarm?.stop());
stopAtFirstFailure();

/** Leader, Reachable or Unreachable, by the name of the node, as a manager sees it. Fails while there is no leader. */
async function managersSeenBy(node: SwarmNode): Promise<ReadonlyMap<string, string>> {
  const listed = await node.docker('node', 'ls', '--format', '{{.Hostname}} {{.ManagerStatus}}');
  return new Map(
    listed
      .trim()
      .split('\n')
      .map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']),
  );
}

const [leading, following] = ['Leader', 'Reachable'];

async function leaderSeenBy(node: SwarmNode): Promise<SwarmNode | undefined> {
  const managers = await managersSeenBy(node).catch(() => new Map<string, string>());
  return swarm.nodes.find(({ name }) => managers.get(name) === leading);
}

async function allManagersAreThere(): Promise<void> {
  await waitUntil('all managers are there', async () => {
    const states = [...(await managersSeenBy(swarm.manager)).values()].toSorted();
    return states.join() === [leading, following, following].join();
  });
}

const services = { meet_backend: 3, meet_frontend: 3, 'meet_meet-gen': 3, meet_reader: 3 };

async function runElsewhere(lost: SwarmNode): Promise<void> {
  await waitUntil('the backends run elsewhere', async () => {
    const tasks = await swarm.running('meet_backend');
    return tasks.length === 3 && tasks.every((task) => swarm.nodeOf(task) !== lost);
  });
}

async function allAreBack(): Promise<void> {
  await allManagersAreThere();
  await swarm.settled(services);
  await meet.routed();
}

describe.sequential('three managers', () => {
  test('elect another leader when the first one is killed', async () => {
    const [first, second] = swarm.nodes;
    if (first === undefined || second === undefined) throw new Error('there are no managers');
    expect(await leaderSeenBy(second)).toBe(first);
    await first.kill();
    await waitUntil('another node is the leader', async () => {
      const leader = await leaderSeenBy(second);
      return leader !== undefined && leader !== first;
    });
    await first.start();
    await allManagersAreThere();
  });

  test('lose only requests that the killed leader had, and the other nodes follow', async () => {
    meet = await deployMeet(swarm);
    await meet.scale('backend', 3);
    await swarm.settled(services);
    await meet.routed();
    const leader = await leaderSeenBy(swarm.manager);
    if (leader === undefined || leader === swarm.manager) throw new Error('the first node leads again');
    const others = swarm.nodes.filter((node) => node !== leader);
    let downAtMs = 0;
    const summaries = await underLoad(meet, {
      name: 'leader',
      nodes: others,
      requestsOfEach,
      async act() {
        await leader.kill();
        await waitUntil('the leader is lost', async () => (await swarm.states())[leader.name] === 'Down');
        downAtMs = Date.now();
        await runElsewhere(leader);
        await meet.routed(others);
      },
    });
    // A lost node answers nothing, not even a refusal: the requests under way wait until their client gives up. Each of
    // the clients has one request under way.
    const failures = summaries.flatMap((summary) => summary.failures);
    expect(failures.filter(({ sentAtMs }) => sentAtMs > downAtMs)).toEqual([]);
    expect(failures.length).toBeLessThanOrEqual(40);
    await leader.start();
    await allAreBack();
  });

  test('go on while one of them hangs, the leader if possible', async () => {
    const leader = await leaderSeenBy(swarm.manager);
    const hanging = leader === undefined || leader === swarm.manager ? swarm.nodes[2] : leader;
    if (hanging === undefined) throw new Error('there is no third node');
    const others = swarm.nodes.filter((node) => node !== hanging);
    let downAtMs = 0;
    const summaries = await underLoad(meet, {
      name: hanging === leader ? 'hanging-leader' : 'hanging-follower',
      nodes: others,
      requestsOfEach: 3000,
      async act() {
        await hanging.freeze();
        await waitUntil('the hanging manager is lost', async () => (await swarm.states())[hanging.name] === 'Down');
        downAtMs = Date.now();
        await runElsewhere(hanging);
        await meet.routed(others);
        for (const node of others) expect((await meet.status(node)).engine.failingSince).toBeUndefined();
      },
    });
    const failures = summaries.flatMap((summary) => summary.failures);
    expect(failures.filter(({ sentAtMs }) => sentAtMs > downAtMs)).toEqual([]);
    expect(failures.length).toBeLessThanOrEqual(40);
    await hanging.thaw();
    await allAreBack();
  });

  test('without a majority: the last node serves on and reports its view as stale, and follows once the others are back', async () => {
    const { manager, workers } = swarm;
    const file = watchFile(meet, manager);
    let lostAtMs = 0;
    let reportedAtMs = 0;
    const summaries = await underLoad(meet, {
      name: 'no-majority',
      nodes: [manager],
      requestsOfEach: 3000,
      async act() {
        lostAtMs = Date.now();
        await Promise.all(workers.map((node) => node.kill()));
        const since = await waitUntil(
          'the node reports since when it has no view',
          async () => {
            const { engine, problems } = await meet.status(manager);
            return problems.some(({ code }) => code === 'engine-unreachable') && engine.failingSince;
          },
          120_000,
        );
        reportedAtMs = Date.now();
        console.log(`stale since ${Date.parse(since) - lostAtMs} ms after the loss, reported after ${reportedAtMs - lostAtMs} ms`);
      },
    });
    const goneMs = 10_000;
    const failures = summaries.flatMap((summary) => summary.failures);
    expect(failures.filter(({ sentAtMs }) => sentAtMs > lostAtMs + goneMs)).toEqual([]);
    await Promise.all(workers.map((node) => node.start()));
    const startedAtMs = Date.now();
    await allAreBack();
    const tasks = await swarm.running('meet_backend');
    const truth = Math.max(...tasks.map(({ Status }) => Date.parse(Status.Timestamp)));
    const rightAtMs = file.rightSince(await meet.upstreams());
    file.stop();
    console.log(`right ${(rightAtMs ?? NaN) - truth} ms after the truth, which came ${truth - startedAtMs} ms after the managers' start`);
    expect(rightAtMs).toBeLessThan(Math.max(truth, startedAtMs) + 2000);
  });
});
