import { describe, expect, it } from 'vitest';
import type { Container, Health } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Balance } from '../../../src/nginx/token.ts';
import { describeChange } from '../../../src/routes/change.ts';
import { removesServer } from '../../../src/routes/removal.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

/** A replica at 172.18.0.<last>, with labels of its own: `{ 'meet.weight': '3' }`. */
const replica = (last: number, labels: Readonly<Record<string, string>> = {}, health: Health = 'healthy'): Container =>
  backend({ name: `meet-backend-${last}`, health, labels, networks: { meet_default: `172.18.0.${last}/16` } });

const backup = { 'meet.backup': 'true' };

function plan(...containers: readonly Container[]): ReturnType<typeof planRouting> {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, [[1, 30, 3]]);
}

describe('the servers of a service', () => {
  it('carry the weight and the most connections of their own replica, and say nothing of what is usual', () => {
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

  it('are apart from those that get requests only while nobody else does', () => {
    const { view, problems } = plan(replica(5), replica(6, backup), replica(7, {}, 'starting'));
    expect(view.upstreams).toMatchObject([{ servers: ['172.18.0.5:8000'], spares: ['172.18.0.6:8000'], backups: ['172.18.0.7:8000'] }]);
    expect(problems).toEqual([]);
  });

  it.each([
    { what: 'the others are ill', others: [replica(5, {}, 'unhealthy')] },
    { what: 'there are no others', others: [] },
  ])('a backup is a server like others while $what, and it is told', ({ others }) => {
    const { view, problems } = plan(...others, replica(6, backup));
    expect(view.upstreams).toMatchObject([{ servers: ['172.18.0.6:8000'] }]);
    expect(view.upstreams[0]).not.toHaveProperty('spares');
    expect(problems).toMatchObject([{ code: 'backup-in-use', severity: 'notice', container: 'meet-backend-6' }]);
  });

  it('nothing is told of a backup that is out of rotation itself', () => {
    const { problems } = plan(replica(5), replica(6, backup, 'unhealthy'));
    expect(problems).toEqual([]);
  });

  it('the labels of other replicas do not count', () => {
    const { problems } = plan(replica(5, { 'meet.weight': '3' }), replica(6, { ...backup, 'meet.max-conns': '9' }));
    expect(problems.filter(({ code }) => code === 'replicas-disagree')).toEqual([]);
  });
});

describe('nginx chooses among them', () => {
  it.each(['round-robin', undefined] as const)('in turn with %s, which is its own way', (balance) => {
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

  it.each(['ip-hash', 'random-two'] satisfies readonly Balance[])('by %s, with which nobody can stand by, and it is told', (balance) => {
    const labels = { 'meet.balance': balance };
    const { view, problems } = plan(replica(6, labels), replica(5, { ...labels, ...backup }), replica(7, labels, 'starting'));
    expect(view.upstreams).toMatchObject([{ balance, servers: ['172.18.0.5:8000', '172.18.0.6:8000'], backups: [] }]);
    expect(view.upstreams[0]).not.toHaveProperty('spares');
    expect(view.hashesClients).toBe(balance === 'ip-hash' ? true : undefined);
    expect(problems).toMatchObject([{ code: 'label-without-effect', key: 'meet.backup', container: 'meet-backend-5' }]);
  });
});

describe('a change of them', () => {
  const before = plan(replica(5), replica(6)).view;

  it('is told with its parameters', () => {
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

  it('that makes a server a backup removes nobody', () => {
    expect(removesServer(before, plan(replica(5), replica(6, backup)).view)).toBe(false);
    expect(removesServer(plan(replica(5), replica(6, backup)).view, plan(replica(5)).view)).toBe(true);
  });
});
