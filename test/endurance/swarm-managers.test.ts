import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOwnSwarm, type OwnSwarm } from '../support/swarm/swarm.ts';
import { waitUntil } from '../support/wait-until.ts';

// The ends of managers, in a swarm of three.

let swarm: OwnSwarm;

beforeAll(async () => {
  swarm = await startOwnSwarm(3);
});
afterAll(() => swarm?.stop());

test('the other managers elect a leader when the first one is killed', async () => {
  const [first, second] = swarm.nodes;
  const leaders = async (): Promise<string | undefined> =>
    (await second?.docker('node', 'ls', '--format', '{{.Hostname}} {{.ManagerStatus}}'))?.trim();
  expect(await leaders()).toBe('swarm-1 Leader\nswarm-2 Reachable\nswarm-3 Reachable');
  await first?.kill();
  await waitUntil('there is another leader', async () => /swarm-[23] Leader/.test((await leaders().catch(() => '')) ?? ''));
  await first?.start();
  await waitUntil('all managers are there', async () => (await leaders())?.match(/Leader|Reachable/g)?.length === 3);
});
