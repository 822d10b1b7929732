import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareText } from '../../../src/model/foreign-text.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import type { MeetStack } from '../../support/meet-stack.ts';
import { startTwoTenants, type TwoTenants, type Way } from './two-tenants.ts';

// Two Meets side by side, with services of the same names on one network: nobody gets the other's requests, nothing that
// happens to one is noticed by the other. The resync comes after an hour.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const routes = { [api]: ['backend-1'], '/files/x': ['files-1'], [room]: ['SPA'] };
const nobody = ['503, retry after 5'];

describe.each<{ way: Way; part: string }>([
  { way: 'one meet-gen for both', part: 'both' },
  { way: 'one meet-gen each', part: 'each' },
])('$way', ({ way, part }) => {
  let tenants: TwoTenants;

  beforeAll(async () => {
    tenants = await startTwoTenants(providedEngine(), part, way);
    await Promise.all([tenants.first.routed(routes), tenants.second.routed(routes)]);
    await tenants.lookedAfresh();
  });
  afterAll(() => tenants?.down());
  stopAtFirstFailure();

  /** Does something to one Meet: the other's file is not written and its nginx not reloaded, and it answers as before. */
  async function leavesAlone(other: MeetStack, happens: () => Promise<unknown>): Promise<void> {
    const before = [await tenants.fileIdentity(other), await tenants.countReloads(other), await other.countHups()];
    await happens();
    await tenants.lookedAfresh();
    await other.routed(routes);
    expect([await tenants.fileIdentity(other), await tenants.countReloads(other), await other.countHups()]).toEqual(before);
  }

  test('these two are looked after, and nobody else on the engine', async () => {
    expect((await tenants.instances()).toSorted(compareText)).toEqual([tenants.first.project, tenants.second.project]);
  });

  test('a name of theirs is one of two containers on the shared network: what names alone would come to', async () => {
    expect(await tenants.resolve('backend')).toHaveLength(2);
  });

  test('a change in one reloads its own frontends only', async () => {
    const reloads = await tenants.countReloads(tenants.first);
    await leavesAlone(tenants.second, async () => {
      await tenants.first.scale({ backend: 2 });
      await tenants.first.routed({ ...routes, [api]: ['backend-1', 'backend-2'] });
    });
    expect(await tenants.countReloads(tenants.first)).toBeGreaterThan(reloads);
    await leavesAlone(tenants.second, () => tenants.first.scale({ backend: 1 }));
    await tenants.first.routed(routes);
  });

  test('whose own service is gone has none, though one of that name is on the same network', async () => {
    await leavesAlone(tenants.first, async () => {
      await tenants.second.docker('stop', '--time', '1', tenants.second.container('backend-1'), tenants.second.container('files-1'));
      await tenants.second.routed({ [api]: nobody, '/files/x': nobody, [room]: ['SPA'] });
    });
    await tenants.second.docker('start', tenants.second.container('backend-1'), tenants.second.container('files-1'));
    await tenants.second.routed(routes);
  });

  test('explain tells them apart by the host', async () => {
    for (const [tenant, host] of [
      [tenants.first, 'first.example.com'],
      [tenants.second, 'second.example.com'],
    ] as const) {
      const told = await tenants.meetGen(tenant, 'explain', '--json', `https://${host}/files/x`);
      expect(JSON.parse(told)).toMatchObject({
        instances: [
          {
            instance: tenant.project,
            service: `${tenant.project}/files`,
            containers: [{ container: tenant.container('files-1'), place: 'answers' }],
          },
        ],
      });
    }
  });

  test('one that is stopped as a whole leaves the other untouched, and comes back', async () => {
    await leavesAlone(tenants.second, () => tenants.first.compose('stop', '--timeout', '1', 'frontend', 'backend', 'files'));
    expect(await tenants.first.answering(api)).toEqual(['no published port']);
    await leavesAlone(tenants.second, async () => {
      await tenants.first.compose('start', 'frontend', 'backend', 'files');
      await tenants.first.routed(routes);
    });
  });
});
