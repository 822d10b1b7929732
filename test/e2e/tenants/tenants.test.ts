import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareText } from '../../../src/model/untrusted-text.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import type { MeetStack } from '../../support/meet-stack.ts';
import { startTwoTenants, type TwoTenants, type Way } from './two-tenants.ts';

// Two Meets side by side, with services of the same names on one network. A Meet never gets the requests of the other,
// and a change in one doesn't affect the other. The resync is an hour away.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const routes = { [api]: ['backend-1'], '/files/x': ['files-1'], [room]: ['SPA'] };
const unavailable = ['503, retry after 5'];

describe.each<{ way: Way; part: string }>([
  { way: 'one meet-gen for both', part: 'both' },
  { way: 'one meet-gen each', part: 'each' },
])('$way', ({ way, part }) => {
  let tenants: TwoTenants;

  beforeAll(async () => {
    tenants = await startTwoTenants(providedEngine(), part, way);
    await Promise.all([tenants.first.routed(routes), tenants.second.routed(routes)]);
    await tenants.resynced();
  });
  afterAll(() => tenants?.down());
  stopAtFirstFailure();

  /** Changes one Meet, and expects no write, no reload and the same answers in the other. */
  async function expectUntouched(other: MeetStack, act: () => Promise<unknown>): Promise<void> {
    const before = [await tenants.fileIdentity(other), await tenants.countReloads(other), await other.countHups()];
    await act();
    await tenants.resynced();
    await other.routed(routes);
    expect([await tenants.fileIdentity(other), await tenants.countReloads(other), await other.countHups()]).toEqual(before);
  }

  test('serves exactly these two Meets', async () => {
    expect((await tenants.instances()).toSorted(compareText)).toEqual([tenants.first.project, tenants.second.project]);
  });

  test('a name on the shared network leads to two containers, so that a name alone would be wrong', async () => {
    expect(await tenants.resolve('backend')).toHaveLength(2);
  });

  test('a change in one Meet reloads only its own frontends', async () => {
    const reloads = await tenants.countReloads(tenants.first);
    await expectUntouched(tenants.second, async () => {
      await tenants.first.scale({ backend: 2 });
      await tenants.first.routed({ ...routes, [api]: ['backend-1', 'backend-2'] });
    });
    expect(await tenants.countReloads(tenants.first)).toBeGreaterThan(reloads);
    await expectUntouched(tenants.second, () => tenants.first.scale({ backend: 1 }));
    await tenants.first.routed(routes);
  });

  test('a Meet without its own service answers 503, though one with the same name is on the network', async () => {
    await expectUntouched(tenants.first, async () => {
      await tenants.second.docker('stop', '--time', '1', tenants.second.container('backend-1'), tenants.second.container('files-1'));
      await tenants.second.routed({ [api]: unavailable, '/files/x': unavailable, [room]: ['SPA'] });
    });
    await tenants.second.docker('start', tenants.second.container('backend-1'), tenants.second.container('files-1'));
    await tenants.second.routed(routes);
  });

  test('explain finds the Meet by the host', async () => {
    for (const [tenant, host] of [
      [tenants.first, 'first.example.com'],
      [tenants.second, 'second.example.com'],
    ] as const) {
      const explanation = await tenants.meetGen(tenant, 'explain', '--json', `https://${host}/files/x`);
      expect(JSON.parse(explanation)).toMatchObject({
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

  test('stopping a whole Meet leaves the other untouched, and its start restores its routes', async () => {
    await expectUntouched(tenants.second, () => tenants.first.compose('stop', '--timeout', '1', 'frontend', 'backend', 'files'));
    expect(await tenants.first.answering(api)).toEqual(['no published port']);
    await expectUntouched(tenants.second, async () => {
      await tenants.first.compose('start', 'frontend', 'backend', 'files');
      await tenants.first.routed(routes);
    });
  });
});
