import { describe, expect, it } from 'vitest';
import { runWithFakeDocker } from '../../support/rolling/fake-docker.ts';

// A call that fails in the middle, which a real engine can't do on demand. test/e2e/rolling has the rest.

const old = (index: number) => ({ name: `meet-backend-${index}`, edition: 'old', health: 'healthy' }) as const;
const fresh = { edition: 'new', health: 'healthy' } as const;
const replaced = ['meet-backend-3', 'meet-backend-4'];
const healthy = { replicas: [old(1), old(2)], next: fresh, failingList: 0 };

describe.concurrent('rolling-update.sh', () => {
  it('replaces both replicas', async () => {
    const { code, output, left } = await runWithFakeDocker(healthy);
    expect({ code, left: left.map(({ name }) => name) }, output).toEqual({ code: 0, left: replaced });
  });

  for (const failingList of [1, 2, 3, 4, 5, 6, 7, 8])
    for (const health of ['healthy', 'unhealthy'] as const)
      it(`removes no replica if list ${failingList} fails, and reports it, with ${health} new replicas`, async () => {
        const { code, output, left } = await runWithFakeDocker({ ...healthy, next: { ...fresh, health }, failingList });
        const able = left.filter((one) => one.health === 'healthy' && one.drained === undefined);
        expect(able.length, output).toBeGreaterThanOrEqual(2);
        if (output.includes('Cannot connect'))
          expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('Run the same command again') as string });
        else expect(code).toBe(health === 'healthy' ? 0 : 1);
      });

  it.each([
    ['two interrupted runs', [old(1), old(2), { ...fresh, name: 'meet-backend-3' }, { ...fresh, name: 'meet-backend-4' }], []],
    ['an interrupted --all', [old(1), old(2), old(3)], ['--all']],
  ] as const)('goes on after %s', async (_, replicas, args) => {
    const { code, output, left } = await runWithFakeDocker({ ...healthy, replicas }, ...args);
    expect(code, output).toBe(0);
    expect(left.map(({ edition }) => edition)).toEqual(['new', 'new']);
  });

  it('refuses more replicas than the compose file has, with the way to remove them first', async () => {
    const { code, output, left } = await runWithFakeDocker({ ...healthy, replicas: [old(1), old(2), old(3)] });
    expect({ code, left: left.length }).toEqual({ code: 1, left: 3 });
    expect(output).toContain('To end with that many: --scale 2.');
  });

  it('refuses a service without routes, before a container is started', async () => {
    const { code, output, left } = await runWithFakeDocker({ ...healthy, isUnrouted: true });
    expect({ code, left: left.length }).toEqual({ code: 1, left: 2 });
    expect(output).toContain('meet-gen sends no requests to backend');
  });
});
