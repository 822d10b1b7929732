import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Problem } from '../../../src/model/problem.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { LocationView, RoutingView } from '../../../src/routes/view.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

type Labels = Readonly<Record<string, string>>;

function plan(...containers: readonly Container[]): { view: RoutingView; problems: readonly Problem[] } {
  const { instances, problems } = readInstances(observe([frontend(), ...containers]));
  const [instance] = instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  const planned = planRouting(instance, [[1, 30, 3]]);
  return { view: planned.view, problems: [...problems, ...planned.problems] };
}

/**
 * The locations of a service `files` with these labels, as `= /x` and `^~ /x/`, without their connections, which
 * another file tests.
 */
function locationsOf(labels: Labels, ...others: readonly Container[]): Readonly<Record<string, Omit<LocationView, 'kind' | 'path'>>> {
  const { view } = plan(filesService({ labels }), ...others);
  const own = view.groups.flatMap(({ title, locations }) => (title === 'meet/files' ? locations : []));
  return Object.fromEntries(
    own.map((location) => {
      const { kind, path, connections: _, ...rest } = location;
      return [`${kind === 'exact' ? '=' : '^~'} ${path}`, rest];
    }),
  );
}

const route = (attributes: Labels, name = 'one'): Labels =>
  Object.fromEntries(Object.entries(attributes).map(([attribute, value]) => [`meet.route.${name}.${attribute}`, value]));
const upstream = 'meet_meet.files';

describe('a named route', () => {
  it('covers its path like meet.paths, with the same containers', () => {
    expect(locationsOf(route({ path: '/x' }))).toMatchObject({ '= /x': { upstream }, '^~ /x/': { upstream } });
  });

  it('is enough for a service without meet.paths', () => {
    const labels = { 'meet.role': 'service', ...route({ path: '/x' }) };
    const { problems } = plan({
      ...filesService(),
      labels: { ...labels, 'com.docker.compose.project': 'meet', 'com.docker.compose.service': 'files' },
    });
    expect(problems.map(({ code }) => code)).not.toContain('no-paths');
  });

  it('has its own settings, else the settings of its service', () => {
    const service = { 'meet.read-timeout': '10s', 'meet.body-size': '1M', 'meet.connect-timeout': '1s' };
    const usual = { upstream, readTimeout: '10s', bodySize: '1M', connectTimeout: '1s' };
    expect(locationsOf({ ...service, ...route({ path: '/x' }) })['= /x']).toEqual(usual);
    expect(locationsOf({ ...service, ...route({ path: '/x', 'read-timeout': '20s', 'body-size': '2M' }) })).toMatchObject({
      '= /x': { ...usual, readTimeout: '20s', bodySize: '2M' },
      '= /files': usual,
    });
  });

  it.each([
    { what: 'its own', labels: route({ path: '/x', websocket: 'true' }), expected: { '= /x': '1h', '= /files': undefined } },
    { what: "the service's", labels: { 'meet.websocket': 'true', ...route({ path: '/x' }) }, expected: { '= /x': '1h', '= /files': '1h' } },
    {
      what: "none, though the service's has",
      labels: { 'meet.websocket': 'true', ...route({ path: '/x', websocket: 'false' }) },
      expected: { '= /x': undefined, '= /files': '1h' },
    },
    {
      what: 'its own, with a time',
      labels: route({ path: '/x', websocket: 'true', 'read-timeout': '5m' }),
      expected: { '= /x': '5m', '= /files': undefined },
    },
  ])('passes WebSockets: $what', ({ labels, expected }) => {
    const locations = locationsOf(labels);
    for (const [key, readTimeout] of Object.entries(expected)) {
      expect(locations[key]?.readTimeout).toBe(readTimeout);
      expect(locations[key]?.websocket).toBe(readTimeout === undefined ? undefined : true);
    }
  });

  it('has a separate upstream for another port, with a name that no service can have', () => {
    const { view } = plan(filesService({ labels: route({ path: '/x', port: '9000' }) }));
    expect(view.upstreams.filter(({ title }) => title === 'meet/files')).toMatchObject([
      { name: upstream, servers: ['172.18.0.9:3000'] },
      { name: `${upstream}+9000`, servers: ['172.18.0.9:9000'] },
    ]);
    expect(locationsOf(route({ path: '/x', port: '9000' }))['^~ /x/']).toEqual({ upstream: `${upstream}+9000` });
  });

  it('keeps the weight of a replica at the other port', () => {
    const labels = { ...route({ path: '/x', port: '9000' }), 'meet.weight': '3' };
    const { view } = plan(filesService({ labels }));
    expect(view.upstreams.find(({ name }) => name === `${upstream}+9000`)?.parameters).toEqual({ '172.18.0.9:9000': { weight: 3 } });
  });

  it('needs only its own port', () => {
    const { view, problems } = plan(filesService({ ports: [], labels: route({ path: '/x', port: '9000' }) }));
    expect(problems.map(({ code }) => code)).not.toContain('no-port');
    expect(view.upstreams.map(({ name }) => name)).toContain(`${upstream}+9000`);
  });

  it.each([
    ['/x', { '= /x': '/', '^~ /x/': '/' }],
    ['/x/y', { '= /x/y': '/', '^~ /x/y/': '/' }],
    ['=/x', { '= /x': '/' }],
    ['/x/', { '^~ /x/': '/' }],
  ])('stripped of %s asks without it', (path, uris) => {
    const locations = locationsOf(route({ path, strip: 'true' }));
    for (const [key, uri] of Object.entries(uris))
      expect(locations[key], key).toEqual({ upstream, uri, prefix: path.replace(/^=|\/$/g, '') });
  });

  it('strips nothing at exactly /', () => {
    expect(locationsOf(route({ path: '=/', strip: 'true' }))['= /']).toEqual({ upstream });
  });

  it('strips the prefix of the route above it from its path without a slash', () => {
    const locations = locationsOf({ ...route({ path: '/x', strip: 'true' }), ...route({ path: '/x/y/' }, 'two') });
    expect(locations['= /x/y']).toEqual({ upstream, uri: '/y', prefix: '/x' });
    expect(locations['^~ /x/y/']).toEqual({ upstream });
  });

  it('uses https if its label is set', () => {
    expect(locationsOf(route({ path: '/x', proto: 'https' }))['= /x']).toEqual({ upstream, proto: 'https' });
    expect(locationsOf(route({ path: '/x', proto: 'http' }))['= /x']).toEqual({ upstream });
  });

  it('answers 503 while no replica is in rotation', () => {
    const { view } = plan(filesService({ state: 'exited', labels: route({ path: '/x', port: '9000', strip: 'true', proto: 'https' }) }));
    expect(view.groups.flatMap(({ locations }) => locations).find(({ path }) => path === '/x')).toEqual({ kind: 'exact', path: '/x' });
  });
});

describe('the owner of a path with a named route', () => {
  it('is the named route before meet.paths of the same service, and before the preset', () => {
    const labels = {
      'meet.role': 'backend',
      ...route({ path: '/api/v1.0/stream', 'read-timeout': '1h' }),
      ...route({ path: '/static', port: '81' }, 'two'),
    };
    const { view, problems } = plan(backend({ labels }));
    const find = (path: string): LocationView | undefined =>
      view.groups.flatMap(({ locations }) => locations).find((one) => one.path === path);
    expect(find('/api/v1.0/stream')).toMatchObject({ readTimeout: '1h' });
    expect(find('/static')).toMatchObject({ upstream: 'meet_meet.backend+81' });
    expect(find('/api')).toMatchObject({ kind: 'exact', path: '/api', upstream: 'meet_meet.backend' });
    expect(problems).toEqual([]);
  });

  it('is the first of two named routes by name, with a problem', () => {
    const labels = { ...route({ path: '/x', port: '81' }, 'b'), ...route({ path: '=/x', port: '82' }, 'a') };
    expect(locationsOf(labels)).toMatchObject({ '= /x': { upstream: `${upstream}+82` }, '^~ /x/': { upstream: `${upstream}+81` } });
    expect(plan(filesService({ labels }), backend()).problems).toMatchObject([
      { code: 'contested-route', key: 'meet.route.b.path', value: '=/x' },
    ]);
  });

  it('is another service that sorts first', () => {
    const { view, problems } = plan(filesService({ labels: route({ path: '/api' }) }), backend());
    const api = view.groups.flatMap(({ locations }) => locations).find(({ path }) => path === '/api');
    expect(api).toMatchObject({ upstream: 'meet_meet.backend' });
    expect(problems).toMatchObject([{ code: 'contested-route', key: 'meet.route.one.path', value: '=/api,/api/' }]);
  });

  it('is the newest replica if replicas disagree, with a problem', () => {
    const older = filesService({ name: 'meet-files-2', created: 1, labels: route({ path: '/old' }) });
    const { view, problems } = plan(older, filesService({ labels: route({ path: '/new' }) }), backend());
    expect(view.groups.flatMap(({ locations }) => locations.map(({ path }) => path))).toContain('/new');
    expect(problems).toMatchObject([{ code: 'replicas-disagree', container: 'meet-files-2', key: 'meet.route.one.*' }]);
  });
});
