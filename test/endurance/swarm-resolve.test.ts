import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoadSummary } from '../support/load/load-messages.ts';
import { startResolvingFrontend, type ResolvingFrontend } from '../support/swarm/resolving-frontend.ts';
import { deployMeet, type SwarmMeet } from '../support/swarm/swarm-meet.ts';
import { startOwnSwarm, type OwnSwarm, type SwarmNode } from '../support/swarm/swarm.ts';
import { measure } from '../support/swarm/under-load.ts';
import { waitUntil } from '../support/wait-until.ts';

// meet-gen beside nginx's own `resolve`, while backends on other nodes are lost. Two frontends on one node have the same
// load at the same time. The test prints the figures for docs/. SWARM_CONNECT_TIMEOUT sets
// meet.connect-timeout of the faults.

const cuts = Number(process.env['SWARM_CUTS'] ?? 5);
const hangs = Number(process.env['SWARM_HANGS'] ?? 3);
const connectTimeout = process.env['SWARM_CONNECT_TIMEOUT'] ?? '2s';
const requestsOfEach = 5000;
/** Under load, a client doesn't wait longer for a backend that hangs. So each client meets it several times. */
const patienceMs = 2000;
/** Docker's DNS, meet-gen and the hook each look some times a second. On a crowded machine that takes longer. */
const afterVerdictMs = 1000;

let swarm: OwnSwarm;
let meet: SwarmMeet;
let resolving: ResolvingFrontend;
const backend = 'meet_backend';

beforeAll(async () => {
  swarm = await startOwnSwarm(1);
  meet = await deployMeet(swarm);
  await meet.scale('backend', 3);
  await allRun();
  resolving = await startResolvingFrontend(swarm, meet, swarm.manager);
});
afterAll(() => swarm?.stop());

async function allRun(): Promise<void> {
  await swarm.settled({ [backend]: 3, meet_frontend: 3, 'meet_meet-gen': 3 });
  await meet.routed();
}

interface Pair<Value> {
  readonly own: Value;
  readonly other: Value;
}

/** The load of both frontends during a fault. */
async function beside(name: string, answerWithinMs: number, act: () => Promise<unknown>): Promise<Pair<LoadSummary>> {
  const node = swarm.manager;
  const [own, other] = await measure(
    [
      { node, port: meet.port, title: 'meet-gen' },
      { node, port: resolving.port, title: 'resolve' },
    ],
    { name, requestsOfEach, answerWithinMs, act },
  );
  if (own === undefined || other === undefined) throw new Error('there are no figures');
  return { own, other };
}

/** The number of failed requests that were sent after this time. */
const lostAfter = (ms: number, { failures }: LoadSummary): number => failures.filter(({ sentAtMs }) => sentAtMs > ms).length;

/** When the last failed request was sent, in milliseconds after this time. */
const lastAfter = (ms: number, { failures }: LoadSummary): number => Math.round(Math.max(...failures.map(({ sentAtMs }) => sentAtMs)) - ms);

function add(pairs: readonly Pair<number>[]): Pair<number> {
  const sum = (of: (pair: Pair<number>) => number): number => pairs.reduce((total, pair) => total + of(pair), 0);
  return { own: sum(({ own }) => own), other: sum(({ other }) => other) };
}

/** Cuts a worker's link until its tasks run elsewhere, then restores it. Returns when the link was cut. */
async function cutLink(lost: SwarmNode): Promise<number> {
  await lost.cut();
  const cutAtMs = Date.now();
  await waitUntil('the node is down', async () => (await swarm.states())[lost.name] === 'Down');
  await waitUntil('the backends run elsewhere', async () => {
    const tasks = await swarm.running(backend);
    return tasks.length === 3 && tasks.every((task) => swarm.nodeOf(task) !== lost);
  });
  await meet.routed([swarm.manager]);
  await lost.restore();
  await waitUntil('the node is back', async () => (await swarm.states())[lost.name] === 'Ready');
  await allRun();
  return cutAtMs;
}

/** Stops a backend's processes until Swarm has replaced the task. Returns when its engine found it unhealthy. */
async function hang(): Promise<number> {
  const task = (await swarm.running(backend)).find((each) => swarm.nodeOf(each) !== swarm.manager);
  if (task === undefined) throw new Error('no worker has a backend');
  const node = swarm.nodeOf(task);
  const container = task.Status.ContainerStatus?.ContainerID ?? '';
  const hungAtMs = Date.now();
  await node.hang(container);
  await swarm.ended(task);
  await swarm.settled({ [backend]: 3 });
  await meet.routed();
  const period = ['--since', seconds(hungAtMs), '--until', seconds(Date.now()), '--filter', `container=${container}`];
  const events = (await node.docker('events', ...period, '--format', '{{.TimeNano}} {{.Action}}')).split('\n');
  const verdict = events.find((line) => line.includes('health_status: unhealthy'));
  if (verdict === undefined) throw new Error(`no verdict: ${events.join('; ')}`);
  return Number(verdict.split(' ')[0]) / 1e6;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

describe.sequential("beside nginx's own resolve", () => {
  test.each(['500ms', '1s', '2s'])('no connection to a healthy backend takes %s', async (timeout) => {
    await meet.update('backend', '--label-add', `meet.connect-timeout=${timeout}`);
    await waitUntil('the timeout is live', () => meet.published(swarm.manager)?.includes(`proxy_connect_timeout ${timeout}`));
    await meet.routed();
    const before = await meet.failedUpstreams(swarm.manager);
    const { own } = await beside(`calm-${timeout}`, 10_000, () => Promise.resolve());
    const after = await meet.failedUpstreams(swarm.manager);
    console.log(`failed attempts without a fault, ${timeout}: ${after.length - before.length}`);
    expect(own.failures).toEqual([]);
    expect(after.slice(before.length)).toEqual([]);
  });

  test('a cut link costs at most a tenth of the requests, without those under way', async () => {
    await meet.update('backend', '--label-add', `meet.connect-timeout=${connectTimeout}`);
    const lost: Pair<number>[] = [];
    for (let run = 0; run < cuts; run++) {
      // The last run has moved this node's backends.
      const node = swarm.workers[run % 2];
      if (node === undefined) throw new Error('there is no worker');
      let cutAtMs = NaN;
      const { own, other } = await beside(`cut-${run}`, 10_000, async () => {
        cutAtMs = await cutLink(node);
      });
      lost.push({ own: lostAfter(cutAtMs, own), other: lostAfter(cutAtMs, other) });
    }
    const { own, other } = add(lost);
    console.log(`lost after the cuts: meet-gen ${own}, resolve ${other}; ${JSON.stringify(lost)}`);
    expect(own).toBeLessThanOrEqual(other / 10);
  });

  test('a backend that hangs costs no more requests, and none that was sent a second after its health check failed', async () => {
    // The stand-in for Meet's health check asks no server.
    const check = 'curl --silent --fail --max-time 1 --output /dev/null http://127.0.0.1:8000/__lbheartbeat__';
    const times = ['--health-interval', '2s', '--health-timeout', '5s', '--health-retries', '3', '--stop-grace-period', '10s'];
    await meet.replace('backend', '--health-cmd', check, ...times);
    await allRun();
    const lost: Pair<number>[] = [];
    const late: Pair<number>[] = [];
    for (let run = 0; run < hangs; run++) {
      let verdictAtMs = NaN;
      const { own, other } = await beside(`hung-${run}`, patienceMs, async () => {
        verdictAtMs = await hang();
      });
      lost.push({ own: own.failures.length, other: other.failures.length });
      console.log(
        `the last lost request after the verdict: meet-gen ${lastAfter(verdictAtMs, own)} ms, resolve ${lastAfter(verdictAtMs, other)} ms`,
      );
      late.push({ own: lostAfter(verdictAtMs + afterVerdictMs, own), other: lostAfter(verdictAtMs + afterVerdictMs, other) });
    }
    const all = add(lost);
    console.log(`lost: meet-gen ${all.own}, resolve ${all.other}; ${JSON.stringify({ lost, late })}`);
    expect(add(late).own).toBe(0);
    // Until the verdict, both lose the same: each client waits for its time limit, then asks again.
    expect(all.own).toBeLessThanOrEqual(all.other);
  });
});
