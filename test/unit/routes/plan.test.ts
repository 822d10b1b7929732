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

const named = (name: string, service: string, path: string): Container => filesService({ name, service, labels: { 'meet.paths': path } });

const ofProject = (project: string, service: string, path: string): Container =>
  filesService({
    name: `${project}-${path.slice(1)}`,
    project,
    service: service || 'x',
    labels: { 'meet.paths': path, 'meet.instance': 'meet' },
  });

describe('upstreams', () => {
  it('hold the addresses in rotation, each once, sorted', () => {
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
    { what: 'who starts is in rotation itself where nobody is ready', replicas: [replica('s', '172.18.0.3', 'starting')] },
    { what: 'an ill one never stands by', replicas: [replica('s', '172.18.0.3'), replica('u', '172.18.0.4', 'unhealthy')] },
  ])('$what', ({ replicas }) => {
    expect(view(frontend(), ...replicas).upstreams).toMatchObject([{ servers: ['172.18.0.3:8000'], backups: [] }]);
  });

  it('are left out when nobody is in rotation: nginx refuses an empty one', () => {
    const planned = view(frontend(), backend({ state: 'exited' }));
    expect(planned.upstreams).toEqual([]);
    expect(locationOf(planned, '/api/', 'below')).toEqual({ kind: 'below', path: '/api/' });
  });

  it('of a service that is called like the backend that is not there do not get its paths', () => {
    const planned = view(frontend(), named('meet-backend-1', 'backend', '/own'));
    expect(locationOf(planned, '/own', 'exact')).toMatchObject({ upstream: 'meet_meet.backend' });
    expect(locationOf(planned, '/api/', 'below')).toEqual({ kind: 'below', path: '/api/' });
  });

  it('have different names for different services, also where nginx looks at no case', () => {
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
  it('is the one of the same container alone, where there is one frontend', () => {
    expect(view(frontend()).spa).toMatchObject({ name: 'meet-spa', title: 'meet-spa', servers: ['127.0.0.1:8080'], backups: [] });
  });

  it('has the live frontends behind it where there are several', () => {
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
  it('have what differs from the server, and nothing else', () => {
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

  it('send /x where it belongs, though only /x/ is routed: nginx would redirect it of its own accord', () => {
    const below = view(frontend(), backend(), filesService({ labels: { 'meet.paths': '/only-below/' } }));
    expect(locationOf(below, '/only-below', 'exact')).toMatchObject({ kind: 'exact', path: '/only-below', upstream: 'meet-spa' });
    const inside = view(frontend(), backend(), filesService({ labels: { 'meet.paths': '/api/below/' } }));
    expect(locationOf(inside, '/api/below', 'exact')).toMatchObject({ kind: 'exact', path: '/api/below', upstream: 'meet_meet.backend' });
  });

  it('exist once for each path and kind', () => {
    const all = locations(view(frontend(), backend(), filesService({ labels: { 'meet.paths': '/api/x/,/api/x,=/y/,/y/,/api' } })));
    const keys = all.map((one) => `${one.kind} ${one.path}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a backend that is not there', () => {
  it('leaves the same locations as one that is there, but not in rotation: its coming changes only the servers', () => {
    expect(view(frontend())).toEqual(view(frontend(), backend({ state: 'created', networks: { meet_default: '' } })));
  });
});

describe('server names', () => {
  it('are the hosts of the label, and none for any host', () => {
    expect(view(frontend({ labels: { 'meet.host': 'a.example, *.b.example' } })).serverNames).toEqual(['a.example', '*.b.example']);
    expect(view(frontend()).serverNames).toEqual([]);
  });

  it("that are too long for nginx's hash are left out, and that is a problem", () => {
    const long = `${'a'.repeat(40)}.example.com`;
    const observation = observe([frontend({ labels: { 'meet.host': `${long},short.example.com` } }), backend()]);
    const { instances, problems } = readInstances(observation);
    const planned = instances.flatMap((instance) => planRouting(instance, []));
    expect(planned[0]?.view.serverNames).not.toContain(long);
    expect([...problems, ...planned.flatMap((one) => one.problems)]).toMatchObject([{ key: 'meet.host' }]);
  });
});

describe('what is different between two views', () => {
  const before = view(frontend(), backend());

  it('is nothing between equal ones', () => {
    expect(describeChange(before, view(frontend(), backend()))).toEqual([]);
  });

  it('is an address that came and one that went', () => {
    const after = view(frontend(), backend({ networks: { meet_default: '172.18.0.6/16' } }));
    expect(describeChange(before, after)).toEqual(['- meet/backend 172.18.0.5:8000', '+ meet/backend 172.18.0.6:8000']);
  });

  it('is a route that came, with where it goes', () => {
    expect(describeChange(before, view(frontend(), backend(), filesService({ labels: { 'meet.paths': '=/x' } })))).toEqual([
      '+ =/x -> meet/files',
      '+ meet/files 172.18.0.9:3000',
    ]);
  });

  it('is one line for a service that has nobody any more, however many paths and settings it has', () => {
    const after = view(frontend(), backend({ state: 'exited' }));
    expect(describeChange(before, after)).toEqual(['+ meet/backend -> 503', '- meet/backend 172.18.0.5:8000']);
    expect(describeChange(after, before)).toEqual(['- meet/backend -> 503', '+ meet/backend 172.18.0.5:8000']);
    const patient = { labels: { 'meet.read-timeout': '60s' } };
    expect(describeChange(view(frontend(), backend(patient)), view(frontend(), backend({ ...patient, state: 'exited' })))).toEqual([
      '+ meet/backend -> 503',
      '- meet/backend 172.18.0.5:8000',
    ]);
  });

  it('is each path of a service that has nobody, where it is another one', () => {
    const changes = describeChange(
      view(frontend(), backend({ state: 'exited' })),
      view(frontend(), backend({ state: 'exited', labels: { 'meet.paths': '+/more' } })),
    );
    expect(changes).toEqual(['+ /more/ -> meet/backend', '+ =/more -> meet/backend']);
  });

  it('is a setting', () => {
    expect(describeChange(before, view(frontend({ labels: { 'meet.body-size': '1G' } }), backend()))).toEqual([
      '- bodySize "100M"',
      '+ bodySize "1G"',
    ]);
  });

  it('is a setting of one route', () => {
    const after = view(frontend(), backend({ labels: { 'meet.read-timeout': '60s' } }));
    expect(describeChange(before, after)).toContain('+ =/api -> meet/backend readTimeout 60s');
  });

  it('is a short count, when there was nothing before', () => {
    expect(describeChange(undefined, before)).toEqual(['first seen: 22 locations, 1 service, 1 server']);
  });
});
