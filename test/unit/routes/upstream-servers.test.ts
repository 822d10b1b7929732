import { describe, expect, it } from 'vitest';
import type { Container, Health } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Balance } from '../../../src/nginx/token.ts';
import { describeChange } from '../../../src/routes/change.ts';
import { removesServer } from '../../../src/routes/removal.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

/** A replica at 172.18.0.<last>, with its labels, such as `{ 'meet.weight': '3' }`. */
const replica = (last: number, labels: Readonly<Record<string, string>> = {}, health: Health = 'healthy'): Container =>
  backend({ name: `meet-backend-${last}`, health, labels, networks: { meet_default: `172.18.0.${last}/16` } });

const backup = { 'meet.backup': 'true' };

function plan(...containers: readonly Container[]): ReturnType<typeof planRouting> {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, [[1, 30, 3]]);
}

describe('the servers of a service', () => {
  it('have the weight and max-conns of their replica, without defaults', () => {
    const { view, problems } = plan(
      replica(5, { 'meet.weight': '3' }),
      replica(6, { 'meet.max-conns': '20' }),
      replica(7, { 'meet.weight': '1' }),
    );
    expect(view.upstreams).toEqual([
      {
        name: 'meet_meet.backend',
        title: 'meet/backend',
        servers: ['172.18.0.5:8000', '172.18.0.6:8000', '172.18.0.7:8000'],
        backups: [],
        parameters: { '172.18.0.5:8000': { weight: 3 }, '172.18.0.6:8000': { maxConns: 20 } },
      },
    ]);
    expect(problems).toEqual([]);
  });

  it('exclude replicas that get requests only without any other', () => {
    const { view, problems } = plan(replica(5), replica(6, backup), replica(7, {}, 'starting'));
    expect(view.upstreams).toMatchObject([{ servers: ['172.18.0.5:8000'], spares: ['172.18.0.6:8000'], backups: ['172.18.0.7:8000'] }]);
    expect(problems).toEqual([]);
  });

  it.each([
    { what: 'the others are ill', others: [replica(5, {}, 'unhealthy')] },
    { what: 'there are no others', others: [] },
  ])('include a backup while $what, with a problem', ({ others }) => {
    const { view, problems } = plan(...others, replica(6, backup));
    expect(view.upstreams).toMatchObject([{ servers: ['172.18.0.6:8000'] }]);
    expect(view.upstreams[0]).not.toHaveProperty('spares');
    expect(problems).toMatchObject([{ code: 'backup-in-use', severity: 'notice', container: 'meet-backend-6' }]);
  });

  it('have no problem for a backup out of rotation', () => {
    const { problems } = plan(replica(5), replica(6, backup, 'unhealthy'));
    expect(problems).toEqual([]);
  });

  it('ignore the labels of other replicas', () => {
    const { problems } = plan(replica(5, { 'meet.weight': '3' }), replica(6, { ...backup, 'meet.max-conns': '9' }));
    expect(problems.filter(({ code }) => code === 'replicas-disagree')).toEqual([]);
  });
});

describe('nginx chooses among the servers', () => {
  it.each(['round-robin', undefined] as const)('by round robin with %s, its default', (balance) => {
    const { view } = plan(replica(5, balance === undefined ? {} : { 'meet.balance': balance }));
    expect(view.upstreams[0]).not.toHaveProperty('balance');
    expect(view).not.toHaveProperty('hashesClients');
  });

  it('by the number of connections, and backups stay backups', () => {
    const labels = { 'meet.balance': 'least-conn' };
    const { view, problems } = plan(replica(5, labels), replica(6, { ...labels, ...backup }));
    expect(view.upstreams).toMatchObject([{ balance: 'least-conn', servers: ['172.18.0.5:8000'], spares: ['172.18.0.6:8000'] }]);
    expect(problems).toEqual([]);
  });

  it.each(['ip-hash', 'random-two'] satisfies readonly Balance[])('by %s, which allows no standby, with a problem', (balance) => {
    const labels = { 'meet.balance': balance };
    const { view, problems } = plan(replica(6, labels), replica(5, { ...labels, ...backup }), replica(7, labels, 'starting'));
    expect(view.upstreams).toMatchObject([{ balance, servers: ['172.18.0.5:8000', '172.18.0.6:8000'], backups: [] }]);
    expect(view.upstreams[0]).not.toHaveProperty('spares');
    expect(view.hashesClients).toBe(balance === 'ip-hash' ? true : undefined);
    expect(problems).toMatchObject([{ code: 'label-without-effect', key: 'meet.backup', container: 'meet-backend-5' }]);
  });
});

describe('a change of the servers', () => {
  const before = plan(replica(5), replica(6)).view;

  it('is described with its parameters', () => {
    const labels = { 'meet.balance': 'least-conn' };
    const after = plan(replica(5, { ...labels, 'meet.weight': '3' }), replica(6, { ...labels, ...backup })).view;
    expect(describeChange(before, after)).toEqual([
      '- meet/backend 172.18.0.5:8000',
      '+ meet/backend 172.18.0.5:8000 weight 3',
      '- meet/backend 172.18.0.6:8000',
      '+ meet/backend 172.18.0.6:8000 (backup)',
      '+ meet/backend balance least-conn',
      '- meet/backend keepalive',
    ]);
  });

  it('removes no server by making it a spare', () => {
    expect(removesServer(before, plan(replica(5), replica(6, backup)).view)).toBe(false);
    expect(removesServer(plan(replica(5), replica(6, backup)).view, plan(replica(5)).view)).toBe(true);
  });
});
