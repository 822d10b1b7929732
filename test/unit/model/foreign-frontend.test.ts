import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { parseProject } from '../../../src/nginx/token.ts';
import { assignRoutes, routeFor } from '../../../src/routes/ownership.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

const sketch = { networks: { meet_internal: '172.18.0.2/16', proxy: '172.20.0.2/16' } };
const own = frontend(sketch);
const ownBackend = backend({ networks: { meet_internal: '172.18.0.5/16' } });

/** A frontend of another project with this instance in meet.instance; newer than the real frontend. */
function intruder(labels: Readonly<Record<string, string>> = {}): Container {
  return frontend({
    name: 'evil-frontend-1',
    project: 'evil',
    created: 1_800_000_000,
    networks: { proxy: '172.20.0.66/16' },
    labels: { 'meet.instance': 'meet', ...labels },
  });
}

function plan(...containers: readonly Container[]): ReturnType<typeof planRouting>['view'] {
  const [instance] = readInstances(observe(containers)).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, []).view;
}

function authOf({ groups }: Pick<ReturnType<typeof plan>, 'groups'>): readonly unknown[] {
  return groups.flatMap(({ locations }) => locations.flatMap((location) => location.media ?? []));
}

describe('a frontend of another compose project that names this instance', () => {
  it('takes no backend out of rotation, even without a shared network', () => {
    expect(plan(own, ownBackend, intruder()).upstreams).toEqual(plan(own, ownBackend).upstreams);
  });

  it.each([
    { 'meet.forwarded-proto': 'forward' },
    { 'meet.listen': '9999' },
    { 'meet.body-size': '1k' },
    { 'meet.host': 'evil.example' },
    { 'meet.status-port': '9999' },
  ])('changes nothing by its labels: %j', (labels) => {
    expect(plan(own, ownBackend, intruder(labels))).toEqual(plan(own, ownBackend));
  });

  it('is not a backup of the SPA', () => {
    expect(plan(own, ownBackend, intruder()).spa.backups).toEqual([]);
  });

  it('does not change the networks that may ask the status server, even with a matching network name', () => {
    const shared = [frontend({ networks: { proxy: '172.20.0.2/16' } }), backend({ networks: { proxy: '172.20.0.5/16' } })];
    const stranger = frontend({
      name: 'evil-frontend-1',
      project: 'evil',
      networks: { proxy: '172.20.0.66/16', meet_evil: '10.66.0.2/24' },
      labels: { 'meet.instance': 'meet' },
    });
    const service = { ...stranger, id: 'evil', name: 'evil-1', labels: { ...stranger.labels, 'meet.role': 'service', 'meet.paths': '/x' } };
    expect(plan(...shared, stranger, service).statusSubnets).toEqual(plan(...shared).statusSubnets);
    expect(plan(own, ownBackend, stranger, service).statusSubnets).toEqual(plan(own, ownBackend).statusSubnets);
  });

  it('takes no unhealthy frontend out of the backups of the SPA', () => {
    const sick = [2, 3].map((host) =>
      frontend({ name: `meet-frontend-${host}`, health: 'unhealthy', networks: { proxy: `172.20.0.${host}/16` } }),
    );
    const both = [...sick, backend({ networks: { proxy: '172.20.0.5/16' } })];
    expect(plan(...both).spa.backups).toHaveLength(2);
    expect(plan(...both, intruder()).spa.backups).toEqual(plan(...both).spa.backups);
  });

  it('gets a problem, and its reloads are still proven', () => {
    const { instances, problems } = readInstances(observe([own, ownBackend, intruder()]));
    expect(problems).toContainEqual(expect.objectContaining({ code: 'foreign-project', container: 'evil-frontend-1', value: 'evil' }));
    expect(instances[0]?.frontends.map((replica) => replica.container.name)).toEqual(['evil-frontend-1', 'meet-frontend-1']);
  });

  it('owns the instance only with a project, if a frontend with a project exists', () => {
    const named = { 'meet.instance': 'prod' };
    const visio = frontend({ name: 'visio', project: 'visio', labels: { ...named, 'meet.listen': '9001' } });
    const byHand = frontend({ name: 'by-hand', labels: { ...named, 'meet.listen': '9002' } });
    const stranger = { ...byHand, labels: { 'meet.role': 'frontend', ...named, 'meet.listen': '9002' } };
    expect(plan(visio, stranger).listenPort).toBe(9001);
  });

  it('leaves the first project by name as the owner, after any redeploy', () => {
    const named = { 'meet.instance': 'visio' };
    const blue = frontend({ name: 'blue', project: 'blue', created: 100, labels: { ...named, 'meet.listen': '9001' } });
    const green = frontend({ name: 'green', project: 'green', created: 200, labels: { ...named, 'meet.listen': '9002' } });
    expect(plan(blue, green).listenPort).toBe(9001);
    expect(plan({ ...blue, createdAtSeconds: 300 }, green).listenPort).toBe(9001);
  });

  it('moves no backend to another network, even if all frontends share only that network', () => {
    const onBoth = backend({ networks: { meet_internal: '172.18.0.5/16', proxy: '172.20.0.5/16' } });
    expect(plan(own, onBoth, intruder()).upstreams[0]?.servers).toEqual(['172.18.0.5:8000']);
  });
});

/** A backend of another project. */
function evil(labels: Readonly<Record<string, string>>, project = 'evil'): Container {
  return backend({
    name: `${project}-backend-9`,
    project,
    networks: { proxy: '172.20.0.66/16' },
    labels: { 'meet.instance': 'meet', ...labels },
  });
}

describe('a service of another compose project that names this instance (docs/security.md)', () => {
  const onBoth = backend({ networks: { meet_internal: '172.18.0.5/16', proxy: '172.20.0.5/16' } });
  /** The last number of the address that answers a path. */
  const answers = (path: string, others: readonly Container[], strict = false): readonly string[] => {
    const [instance] = readInstances(observe([own, onBoth, ...others]), { strict }).instances;
    if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
    const { service } = routeFor(assignRoutes(instance).routes, path) ?? {};
    return (service?.replicas ?? []).flatMap(({ endpoint }) => endpoint?.replace(/^.*\.(\d+):8000$/, '$1') ?? []);
  };

  it('gets no path that the own project has', () => {
    expect(answers('/api/x', [evil({})])).toEqual(['5']);
  });

  it.each(['/evil', '/api/v1.0/authenticate'])('gets the unowned path %s, but not with --strict-instance', (path) => {
    expect(answers(path, [evil({ 'meet.paths': path })])).toEqual(['66']);
    expect(answers(path, [evil({ 'meet.paths': path })], true)).toEqual(path.startsWith('/api') ? ['5'] : []);
  });

  it('counts as a service of the own project if it has its project label too', () => {
    const forged = evil({}, 'meet');
    for (const strict of [false, true]) expect(answers('/api/x', [forged], strict).toSorted()).toEqual(['5', '66']);
  });
});

describe('a backend of another compose project', () => {
  const bucket = { 'meet.role': 'media', 'meet.media.bucket': 'files' };
  const media = backend({ name: 'media', service: 'media', networks: { meet_internal: '172.18.0.7/16' }, labels: bucket });
  const guards = ['/api/v1.0/files/media-auth/', '/api/v1.0/recordings/media-auth/', '/api/v1.0/rooms/webhooks-livekit/'];
  const stranger = backend({
    name: 'evil-backend-1',
    project: 'evil',
    networks: { meet_internal: '172.18.0.66/16' },
    labels: { 'meet.instance': 'meet', 'meet.paths': guards.map((path) => `=${path}`).join() },
  });

  it('is never asked about files, and gets no webhooks', () => {
    const alone = plan(own, ownBackend, media);
    const beside = plan(own, ownBackend, media, stranger);
    expect(authOf(alone)).toHaveLength(2);
    expect(authOf(beside)).toEqual(authOf(alone));
    expect(beside.webhooks).toEqual(alone.webhooks);
  });

  it('is not asked about files either if the instance has no backend', () => {
    const { webhooks, groups } = plan(own, media, stranger);
    expect(authOf({ groups })).toEqual([]);
    expect(webhooks.filter(({ upstream }) => upstream !== undefined)).toEqual([]);
  });
});

describe('a project whose name is outside of the grammar', () => {
  const named = { 'meet.instance': 'prod' };
  const of = (project: string, host: number) => [
    frontend({ name: `${project}-frontend`, project, labels: named, networks: { shared: `172.18.0.${host}/16` } }),
    backend({ name: `${project}-backend`, project, labels: named, networks: { shared: `172.18.1.${host}/16` } }),
  ];

  it('is a separate project: two of them share no upstream', () => {
    const { upstreams } = plan(...of('Stack.A', 2), ...of('Stack.B', 3));
    expect([...upstreams.values()].map(({ servers }) => servers)).toEqual([['172.18.1.2:8000']]);
  });

  it('is refused with --strict-instance as any other', () => {
    const owner = new Map([['prod', parseProject('Stack.A') ?? '']]);
    const { problems } = readInstances(observe([...of('Stack.A', 2), ...of('Stack.B', 3)]), { strict: true, given: owner });
    expect(problems.filter(({ code }) => code === 'foreign-project-refused').map(({ container }) => container)).toEqual([
      'Stack.B-backend',
      'Stack.B-frontend',
    ]);
  });

  it('costs only its container if it is far too long', () => {
    const { instances, problems } = readInstances(observe([...of('visio', 2), ...of(`X${'.'.repeat(200)}`, 3)]));
    expect(problems.map(({ code }) => code)).toEqual(['no-instance', 'no-instance']);
    expect(instances.map(({ name, project }) => [name, project])).toEqual([['prod', 'visio']]);
  });
});
