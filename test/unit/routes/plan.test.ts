import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { describeChange } from '../../../src/routes/change.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { LocationView, RoutingView } from '../../../src/routes/view.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

function plan(...containers: readonly Container[]): ReturnType<typeof planRouting> {
  const [instance] = readInstances(observe(containers)).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, [[1, 30, 3]]);
}

const view = (...containers: readonly Container[]): RoutingView => plan(...containers).view;
const locations = (of: RoutingView): readonly LocationView[] => of.groups.flatMap((group) => group.locations);
const locationOf = (of: RoutingView, path: string, kind: 'exact' | 'below'): LocationView | undefined =>
  locations(of).find((one) => one.path === path && one.kind === kind);

const replica = (name: string, address: string, health: 'healthy' | 'starting' | 'unhealthy' = 'healthy'): Container =>
  backend({ name, health, networks: { meet_default: `${address}/16` } });

const labelled = (name: string, address: string, labels: Record<string, string>): Container =>
  backend({ name, networks: { meet_default: `${address}/16` }, labels });

const named = (name: string, service: string, path: string): Container => filesService({ name, service, labels: { 'meet.paths': path } });

const ofProject = (project: string, service: string, path: string): Container =>
  filesService({
    name: `${project}-${path.slice(1)}`,
    project,
    service: service || 'x',
    labels: { 'meet.paths': path, 'meet.instance': 'meet' },
  });

describe('upstreams', () => {
  it('have the addresses in rotation, each once, sorted', () => {
    const { upstreams } = view(
      frontend(),
      replica('c', '172.18.0.9'),
      replica('a', '172.18.0.7'),
      replica('d', '172.18.0.7'),
      replica('s', '172.18.0.3', 'starting'),
    );
    expect(upstreams).toEqual([
      {
        name: 'meet_meet.backend',
        title: 'meet/backend',
        servers: ['172.18.0.7:8000', '172.18.0.9:8000'],
        backups: ['172.18.0.3:8000'],
        keepalive: 'meet_meet.backend~kept',
      },
    ]);
  });

  it.each([
    { what: 'a replica that is demoted', worse: { demoted: 'a doubt', standsBy: true } },
    { what: 'a replica that is stopping, but may still answer', worse: { isStopping: true, standsBy: true } },
  ] as const)('$what is a standby beside a ready one', ({ worse }) => {
    const other = { ...replica('w', '172.18.0.4'), ...worse };
    const [upstream] = view(frontend(), replica('s', '172.18.0.3'), other).upstreams;
    expect(upstream).toMatchObject({ servers: ['172.18.0.3:8000'], backups: ['172.18.0.4:8000'] });
  });

  const doubted = { demoted: 'a doubt', standsBy: true } as const;
  const leaving = { isStopping: true, standsBy: true } as const;
  const ready = replica('s', '172.18.0.3');
  it.each([
    {
      what: 'a drained replica that is demoted',
      containers: [ready, { ...labelled('d', '172.18.0.4', { 'meet.drain': 'true' }), ...doubted }],
    },
    {
      what: 'a drained replica that is leaving',
      containers: [ready, { ...labelled('d', '172.18.0.4', { 'meet.drain': 'true' }), ...leaving }],
    },
    {
      what: 'a demoted replica beside one with a limit of connections',
      containers: [labelled('s', '172.18.0.3', { 'meet.max-conns': '9' }), { ...replica('w', '172.18.0.4'), ...doubted }],
    },
    {
      what: 'a demoted replica beside a spare',
      containers: [ready, labelled('b', '172.18.0.5', { 'meet.backup': 'true' }), { ...replica('w', '172.18.0.4'), ...doubted }],
    },
    {
      what: 'a leaving replica whose balance allows none',
      containers: [labelled('s', '172.18.0.3', { 'meet.balance': 'ip-hash' }), { ...replica('w', '172.18.0.4'), ...leaving }],
    },
    {
      what: 'a leaving replica without the guard of the others',
      containers: [
        labelled('s', '172.18.0.3', { 'meet.allow.a': '/admin from 10.0.0.0/8' }),
        { ...labelled('w', '172.18.0.4', { 'meet.allow.a': '/admin from 10.9.0.0/16' }), ...leaving },
      ],
    },
  ])('$what is out', ({ containers }) => {
    expect(view(frontend(), ...containers).upstreams).toMatchObject([{ backups: [] }]);
  });

  it.each([
    { what: 'who starts is in rotation itself where nobody is ready', replicas: [replica('s', '172.18.0.3', 'starting')] },
    { what: 'an unhealthy one is no standby', replicas: [replica('s', '172.18.0.3'), replica('u', '172.18.0.4', 'unhealthy')] },
  ])('$what', ({ replicas }) => {
    expect(view(frontend(), ...replicas).upstreams).toMatchObject([{ servers: ['172.18.0.3:8000'], backups: [] }]);
  });

  it('are left out without a replica in rotation, since nginx refuses an empty upstream', () => {
    const planned = view(frontend(), backend({ state: 'exited' }));
    expect(planned.upstreams).toEqual([]);
    expect(locationOf(planned, '/api/', 'below')).toEqual({ kind: 'below', path: '/api/' });
  });

  it('do not get the paths of the missing backend through a service with the same name', () => {
    const planned = view(frontend(), named('meet-backend-1', 'backend', '/own'));
    expect(locationOf(planned, '/own', 'exact')).toMatchObject({ upstream: 'meet_meet.backend' });
    expect(locationOf(planned, '/api/', 'below')).toEqual({ kind: 'below', path: '/api/' });
  });

  it('have different names for different services, even for nginx, which ignores case', () => {
    const { upstreams } = view(frontend(), backend(), named('a', 'files', '/a'), named('b', 'Files', '/b'), named('c', 'FILES', '/c'));
    const names = upstreams.map((upstream) => upstream.name.toLowerCase());
    expect(names).toHaveLength(4);
    expect(new Set(names).size).toBe(4);
  });

  it.each([
    ['a', 'b.c', 'a.b', 'c'],
    ['a_b', 'c', 'a', 'b_c'],
    ['a', 'b', 'ab', ''],
  ])('of %s/%s and %s/%s do not meet in one name', (projectA, serviceA, projectB, serviceB) => {
    const { upstreams } = view(frontend(), ofProject(projectA, serviceA, '/one'), ofProject(projectB.replace('.', ''), serviceB, '/two'));
    expect(new Set(upstreams.map((upstream) => upstream.name)).size).toBe(2);
  });
});

describe('the SPA', () => {
  it('is in the same container with one frontend', () => {
    expect(view(frontend()).spa).toMatchObject({ name: 'meet-spa', title: 'meet-spa', servers: ['127.0.0.1:8080'], backups: [] });
  });

  it('has the live frontends as backups if there are several', () => {
    const second = frontend({ name: 'f2', networks: { meet_default: '172.18.0.3/16' } });
    const third = frontend({ name: 'f3', state: 'exited', networks: { meet_default: '' } });
    expect(view(frontend(), second, third).spa).toMatchObject({
      servers: ['127.0.0.1:8080'],
      backups: ['172.18.0.2:8080', '172.18.0.3:8080'],
    });
  });

  it('has its port from meet.port', () => {
    expect(view(frontend({ labels: { 'meet.port': '3000' } })).spa.servers).toEqual(['127.0.0.1:3000']);
  });
});

describe('locations', () => {
  it('have only the settings that differ from the server', () => {
    const planned = view(
      frontend({ labels: { 'meet.body-size': '50M' } }),
      backend({ labels: { 'meet.read-timeout': '300s', 'meet.body-size': '50M', 'meet.connect-timeout': '1s' } }),
    );
    expect(planned.bodySize).toBe('50M');
    expect(locationOf(planned, '/api/', 'below')).toEqual({
      kind: 'below',
      path: '/api/',
      upstream: 'meet_meet.backend',
      connectTimeout: '1s',
      connections: { fresh: '@meet_fresh:meet_meet.backend:default:1s', streams: true, keepalive: 'meet_meet.backend~kept' },
    });
  });

  it('send /x to its owner if only /x/ is routed: nginx would redirect it', () => {
    const below = view(frontend(), backend(), filesService({ labels: { 'meet.paths': '/only-below/' } }));
    expect(locationOf(below, '/only-below', 'exact')).toMatchObject({ kind: 'exact', path: '/only-below', upstream: 'meet-spa' });
    const inside = view(frontend(), backend(), filesService({ labels: { 'meet.paths': '/api/below/' } }));
    expect(locationOf(inside, '/api/below', 'exact')).toMatchObject({ kind: 'exact', path: '/api/below', upstream: 'meet_meet.backend' });
  });

  it('exist once per path and kind', () => {
    const all = locations(view(frontend(), backend(), filesService({ labels: { 'meet.paths': '/api/x/,/api/x,=/y/,/y/,/api' } })));
    const keys = all.map((one) => `${one.kind} ${one.path}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a missing backend', () => {
  it('has the same locations as a backend out of rotation: its start changes only the servers', () => {
    expect(view(frontend())).toEqual(view(frontend(), backend({ state: 'created', networks: { meet_default: '' } })));
  });
});

describe('server names', () => {
  it('are the hosts of the label, and absent for any host', () => {
    expect(view(frontend({ labels: { 'meet.host': 'a.example, *.b.example' } })).serverNames).toEqual(['a.example', '*.b.example']);
    expect(view(frontend()).serverNames).toEqual([]);
  });

  it('are left out if too long for the hash of nginx, with a problem', () => {
    const long = `${'a'.repeat(40)}.example.com`;
    const observation = observe([frontend({ labels: { 'meet.host': `${long},short.example.com` } }), backend()]);
    const { instances, problems } = readInstances(observation);
    const planned = instances.flatMap((instance) => planRouting(instance, []));
    expect(planned[0]?.view.serverNames).not.toContain(long);
    expect([...problems, ...planned.flatMap((one) => one.problems)]).toMatchObject([{ key: 'meet.host' }]);
  });
});

describe('the description of a change', () => {
  const before = view(frontend(), backend());

  it('is empty for equal views', () => {
    expect(describeChange(before, view(frontend(), backend()))).toEqual([]);
  });

  it('has added and removed addresses', () => {
    const after = view(frontend(), backend({ networks: { meet_default: '172.18.0.6/16' } }));
    expect(describeChange(before, after)).toEqual(['- meet/backend 172.18.0.5:8000', '+ meet/backend 172.18.0.6:8000']);
  });

  it('has an added route with its target', () => {
    expect(describeChange(before, view(frontend(), backend(), filesService({ labels: { 'meet.paths': '=/x' } })))).toEqual([
      '+ =/x -> meet/files',
      '+ meet/files 172.18.0.9:3000',
    ]);
  });

  it('is a single line for a service without replicas, with any number of paths and settings', () => {
    const after = view(frontend(), backend({ state: 'exited' }));
    expect(describeChange(before, after)).toEqual(['+ meet/backend -> 503', '- meet/backend 172.18.0.5:8000']);
    expect(describeChange(after, before)).toEqual(['- meet/backend -> 503', '+ meet/backend 172.18.0.5:8000']);
    const patient = { labels: { 'meet.read-timeout': '60s' } };
    expect(describeChange(view(frontend(), backend(patient)), view(frontend(), backend({ ...patient, state: 'exited' })))).toEqual([
      '+ meet/backend -> 503',
      '- meet/backend 172.18.0.5:8000',
    ]);
  });

  it('has each path of a service without replicas if the service is new', () => {
    const changes = describeChange(
      view(frontend(), backend({ state: 'exited' })),
      view(frontend(), backend({ state: 'exited', labels: { 'meet.paths': '+/more' } })),
    );
    expect(changes).toEqual(['+ /more/ -> meet/backend', '+ =/more -> meet/backend']);
  });

  it('has a changed setting', () => {
    expect(describeChange(before, view(frontend({ labels: { 'meet.body-size': '1G' } }), backend()))).toEqual([
      '- bodySize "100M"',
      '+ bodySize "1G"',
    ]);
  });

  it('has a changed setting of one route', () => {
    const after = view(frontend(), backend({ labels: { 'meet.read-timeout': '60s' } }));
    expect(describeChange(before, after)).toContain('+ =/api -> meet/backend readTimeout 60s');
  });

  it('is a short count without an earlier view', () => {
    expect(describeChange(undefined, before)).toEqual(['first seen: 22 locations, 1 service, 1 server']);
  });
});
