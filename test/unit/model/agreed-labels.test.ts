import { describe, expect, it } from 'vitest';
import type { Container, Note } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Instance } from '../../../src/model/instance.ts';
import type { Problem } from '../../../src/model/problem.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { backend, container, filesService, frontend, observe } from '../../support/containers.ts';
import type { ContainerSketch } from '../../support/containers.ts';

type Sketch = Partial<ContainerSketch>;

/** A replica of the service `files`; a greater number is newer. */
function replica(number: number, sketch: Sketch): Container {
  const { 'meet.paths': paths, ...labels } = sketch.labels ?? {};
  const made = filesService({
    name: `s${number}`,
    created: number,
    networks: { meet_default: `172.18.0.${10 + number}/16` },
    ...sketch,
    labels,
  });
  const { 'meet.paths': _preset, ...others } = made.labels;
  return { ...made, labels: paths === undefined ? others : { ...others, 'meet.paths': paths } };
}

interface Seen {
  readonly instance: Instance | undefined;
  /** The routed paths, without those of the backend. */
  readonly routes: readonly string[];
  /** The networks that may reach a location; `everybody` for an unguarded location. */
  readonly allow: Readonly<Record<string, readonly string[] | 'everybody'>>;
  readonly problems: readonly Problem[];
}

function see(replicas: readonly Container[], notes: Readonly<Record<string, Note>> = {}): Seen {
  const { instances, problems } = readInstances(observe([frontend(), ...replicas], [], notes));
  const [instance] = instances;
  if (instance === undefined) return { instance, routes: [], allow: {}, problems };
  const locations = planRouting(instance, []).view.groups.flatMap(({ title, locations: found }) =>
    title.startsWith('meet/files') ? found : [],
  );
  return {
    instance,
    routes: locations.flatMap(({ kind, path }) => (kind === 'below' ? [path] : [])),
    allow: Object.fromEntries(locations.map(({ kind, path, allow }) => [`${kind} ${path}`, allow ?? 'everybody'])),
    problems: problems.filter(({ code }) => code === 'replicas-disagree'),
  };
}

const paths = (value: string): Sketch => ({ labels: { 'meet.paths': value } });
const listen = (value: string): Sketch => ({ labels: { 'meet.listen': value } });

const route = (name: string, attributes: Readonly<Record<string, string>>): Sketch => ({
  labels: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`meet.route.${name}.${key}`, value])),
});

const guard = (...values: readonly string[]): Sketch => ({
  labels: { 'meet.paths': '/s', ...Object.fromEntries(values.map((value, index) => [`meet.allow.g${index}`, value])) },
});

const worker = (sketch: Sketch = {}): Container =>
  container({
    name: 'worker',
    project: 'meet',
    service: 'worker',
    created: 1_900_000_000,
    networks: { meet_default: '172.18.0.7/16' },
    ports: [1],
    ...sketch,
    labels: { 'meet.role': 'service', 'meet.service': 'backend', ...sketch.labels },
  });

const lately: Note = { leftAtMs: 2 };
const earlier: Note = { leftAtMs: 1 };

describe('the value that applies to all replicas', () => {
  it.each<[string, Sketch, Sketch, Readonly<Record<string, Note>>, readonly string[]]>([
    ['the newest of those in rotation', paths('/s'), paths('/t'), {}, ['/t/']],
    ['the newest, also where its value is part of the older one', paths('/s,/t'), paths('/t'), {}, ['/t/']],
    ["the older one's: the newest is unhealthy", paths('/s'), { ...paths('/t'), health: 'unhealthy' }, {}, ['/s/']],
    ["the older one's: the newest is starting", paths('/s'), { ...paths('/t'), health: 'starting' }, {}, ['/s/']],
    ["the older one's: the newest is drained", paths('/s'), paths('/t'), { s2: { drained: true } }, ['/s/']],
    ["the older one's: the newest is stopping", paths('/s'), paths('/t'), { s2: { stop: 'in-progress' } }, ['/s/']],
    ["the older one's: the newest is in a crash loop", paths('/s'), paths('/t'), { s2: { crashes: 3, isOnCrashHold: true } }, ['/s/']],
    ["the older one's: the newest has no address", paths('/s'), { ...paths('/t'), networks: { alone: '172.19.0.9/16' } }, {}, ['/s/']],
    ["the older one's: the newest is paused", paths('/s'), { ...paths('/t'), state: 'paused' }, {}, ['/s/']],
    ["the older one's: the newest was only created", paths('/s'), { ...paths('/t'), state: 'created' }, {}, ['/s/']],
    ["the newest's: the older one is unhealthy", { ...paths('/s'), health: 'unhealthy' }, paths('/t'), {}, ['/t/']],
    [
      'the newest of those that are unhealthy',
      { ...paths('/s'), health: 'unhealthy' },
      { ...paths('/t'), health: 'unhealthy' },
      {},
      ['/t/'],
    ],
    ["the older one's: the newest can't be read", paths('/s'), paths('s'), {}, ['/s/']],
    ["the newest's: the older one can't be read", paths('s'), paths('/t'), {}, ['/t/']],
    ["the older one's: the newest can be read in part alone", paths('/s'), paths('/t,u'), {}, ['/s/']],
    ['what can be read of the newest: nobody can be read whole', paths('/s,x'), paths('/t,u'), {}, ['/t/']],
    ['what can be read in part: the other one not at all', paths('/s,x'), paths('t'), {}, ['/s/']],
    ['the default: nobody can be read', paths('s'), paths('t'), {}, []],
    ["the newest's, which says nothing", paths('/s'), {}, {}, []],
    ["the older one's, which says nothing: the newest can't be read", {}, paths('t'), {}, []],
    ["the older one's: the newest left the rotation a moment ago", paths('/s'), paths('/t'), { s2: lately }, ['/s/']],
    ["the newest's: the older one left the rotation a moment ago", paths('/s'), paths('/t'), { s1: lately }, ['/t/']],
    ['the newest: all left the rotation a moment ago', paths('/s'), paths('/t'), { s1: lately, s2: lately }, ['/t/']],
    ["the newest's, which alone is in rotation", { ...paths('/s'), health: 'unhealthy' }, paths('/t'), { s2: lately }, ['/t/']],
    ['the newest: none runs', { ...paths('/s'), state: 'exited' }, { ...paths('/t'), state: 'created' }, {}, ['/t/']],
    ['who runs: it has no address', { ...paths('/s'), networks: {} }, { ...paths('/t'), state: 'exited' }, {}, ['/s/']],
    ['who is started again', { ...paths('/s'), state: 'restarting' }, { ...paths('/t'), state: 'exited' }, {}, ['/s/']],
    ['who ends again and again', { ...paths('/s'), state: 'exited' }, { ...paths('/t'), state: 'exited' }, { s1: { crashes: 3 } }, ['/s/']],
    ['who served a moment ago', { ...paths('/s'), state: 'exited' }, { ...paths('/t'), state: 'exited' }, { s1: lately }, ['/s/']],
    ['who served last', { ...paths('/s'), state: 'exited' }, { ...paths('/t'), state: 'exited' }, { s1: lately, s2: earlier }, ['/s/']],
  ])('%s', (_, older, newer, notes, routes) => {
    const [s1, s2] = [replica(1, older), replica(2, newer)];
    expect(see([s1, s2], notes).routes).toEqual(routes);
    expect(see([s2, s1], notes)).toEqual(see([s1, s2], notes));
  });

  it('is chosen for each key: another replica decides if the newest value is unreadable', () => {
    const older = replica(1, { labels: { 'meet.paths': '/s', 'meet.read-timeout': '60s', 'meet.balance': 'least-conn' } });
    const newer = replica(2, { labels: { 'meet.paths': 's', 'meet.read-timeout': '90s' } });
    const { instance, problems } = see([older, newer]);
    expect(instance?.services[0]?.labels).toMatchObject({ paths: { rules: [{ path: '/s' }, { path: '/s/' }] }, readTimeout: '90s' });
    expect(instance?.services[0]?.labels).not.toHaveProperty('balance');
    expect(problems).toMatchObject([
      {
        container: 's1, s2',
        key: 'meet.paths, meet.read-timeout, meet.balance',
        message:
          'the replicas of files have different values; the value of meet.paths on s1 applies; the values of meet.read-timeout and meet.balance on s2 apply',
      },
    ]);
  });

  it('comes from the lower id of two containers from the same second', () => {
    const [s1, s2] = [replica(1, { ...paths('/s'), created: 5, id: 'b' }), replica(2, { ...paths('/t'), created: 5, id: 'a' })];
    expect(see([s1, s2]).routes).toEqual(['/t/']);
    expect(see([s2, s1]).routes).toEqual(['/t/']);
  });

  it('is chosen per replica for a port, a weight, a network, health and drain', () => {
    const older = replica(1, { labels: { 'meet.paths': '/s', 'meet.port': '81', 'meet.weight': '3', 'meet.max-conns': '7' } });
    const newer = replica(2, { labels: { 'meet.paths': '/s', 'meet.port': 'banana' } });
    const { instance, problems } = see([older, newer]);
    expect(instance?.services[0]?.replicas).toMatchObject([
      { endpoint: '172.18.0.11:81', parameters: { weight: 3, maxConns: 7 } },
      { endpoint: '172.18.0.12:3000' },
    ]);
    expect(problems).toEqual([]);
  });

  it('never comes from a one-off', () => {
    const oneOff = replica(2, { ...paths('/t'), oneOff: true });
    expect(see([replica(1, paths('/s')), oneOff])).toMatchObject({ routes: ['/s/'], problems: [] });
  });
});

describe('the problem of replicas that disagree', () => {
  const [s1, s2, s3] = [replica(1, paths('/s')), replica(2, paths('/s')), replica(3, paths('/t'))];

  it('names the replicas with other values, the key, and the holder, once per service', () => {
    expect(see([s1, s2, s3]).problems).toMatchObject([
      {
        container: 's1, s2',
        key: 'meet.paths',
        message: 'the replicas of files have different values; the value of meet.paths on s3 applies',
      },
    ]);
  });

  it('includes a replica out of rotation', () => {
    expect(see([s1, s2, { ...s3, health: 'unhealthy' }]).problems).toMatchObject([{ container: 's3', key: 'meet.paths' }]);
  });

  it('stays while a replica crashes repeatedly', () => {
    const [up, down] = (['running', 'exited'] as const).map((state) =>
      see([s1, { ...s3, state }], { s3: { crashes: 4, isOnCrashHold: true } }),
    );
    expect(up?.problems).toMatchObject([{ container: 's3' }]);
    expect(down?.problems).toEqual(up?.problems);
  });

  it.each(['exited', 'created'] as const)('is absent for a replica that is %s', (state) => {
    expect(see([s1, { ...s3, state }]).problems).toEqual([]);
  });

  it('is absent if all replicas have the same values', () => {
    expect(see([s1, s2]).problems).toEqual([]);
  });
});

describe('frontends that disagree', () => {
  const labels = (sketch: Sketch, newer: Sketch): Pick<Seen, 'problems'> & { labels: unknown } => {
    const { instances, problems } = readInstances(
      observe([
        frontend({ name: 'f1', created: 1, ...sketch }),
        frontend({ name: 'f2', created: 2, networks: { meet_default: '172.18.0.3/16' }, ...newer }),
      ]),
    );
    return { labels: instances[0]?.frontendLabels, problems: problems.filter(({ code }) => code === 'replicas-disagree') };
  };

  it.each<[string, Sketch, Sketch, unknown]>([
    ['the newest', listen('9001'), listen('9002'), { listen: 9002 }],
    ['not one whose value can not be read', listen('9001'), listen('banana'), { listen: 9001 }],
    ['not one that is unhealthy beside a healthy one', listen('9001'), { ...listen('9002'), health: 'unhealthy' }, { listen: 9001 }],
    ['not one that does not run', listen('9001'), { ...listen('9002'), state: 'exited' }, { listen: 9001 }],
    ['the port of the SPA, too: all are one server', { labels: { 'meet.port': '81' } }, { labels: { 'meet.port': 'x' } }, { port: 81 }],
    ['hosts without the bad one, where there are no better', {}, { labels: { 'meet.host': 'a.example,b_' } }, {}],
    ['hosts that can be read whole', { labels: { 'meet.host': 'a.example' } }, { labels: { 'meet.host': 'b_' } }, { hosts: ['a.example'] }],
  ])('%s', (_, older, newer, expected) => {
    expect(labels(older, newer).labels).toEqual(expected);
  });

  it('have a problem', () => {
    expect(labels(listen('9001'), listen('9002')).problems).toMatchObject([
      { container: 'f1', key: 'meet.listen', message: 'the frontends have different values; the value of meet.listen on f2 applies' },
    ]);
  });

  it('of another project decide nothing, even if healthy', () => {
    const foreign = container({
      name: 'stranger',
      project: 'other',
      health: 'healthy',
      created: 9,
      labels: { 'meet.role': 'frontend', 'meet.instance': 'meet', 'meet.listen': '9009' },
      networks: { meet_default: '172.18.0.9/16' },
    });
    const own = [
      frontend({ name: 'f1', created: 1, health: 'starting', ...listen('9001') }),
      frontend({ name: 'f2', created: 2, health: 'unhealthy', networks: { meet_default: '172.18.0.3/16' }, ...listen('9002') }),
    ];
    expect(readInstances(observe([...own, foreign])).instances[0]?.frontendLabels).toEqual({ listen: 9001 });
  });
});

describe('named routes of replicas that disagree', () => {
  const both = (...sketches: readonly Sketch[]): Sketch => ({ labels: Object.assign({}, ...sketches.map(({ labels }) => labels)) });

  it.each<[string, Sketch, Sketch, readonly string[]]>([
    ['the newest', route('a', { path: '/s' }), route('a', { path: '/t' }), ['/t/']],
    [
      'the newest, by name: one it has not is none',
      both(route('a', { path: '/s' }), route('b', { path: '/b' })),
      route('a', { path: '/t' }),
      ['/t/'],
    ],
    ['the older one: the newest has no path that can be read', route('a', { path: '/s' }), route('a', { path: 't' }), ['/s/']],
    ['the older one: the newest has no path', route('a', { path: '/s' }), route('a', { strip: 'true' }), ['/s/']],
    ['the older one: a port of the newest can not be read', route('a', { path: '/s' }), route('a', { path: '/t', port: 'x' }), ['/s/']],
    [
      'the older one: an attribute of the newest can not be read',
      route('a', { path: '/s' }),
      route('a', { path: '/t', strip: 'x' }),
      ['/s/'],
    ],
    ['what can be read: nobody can be read whole', route('a', { path: 's' }), route('a', { path: '/t', strip: 'x' }), ['/t/']],
    [
      'each by itself',
      both(route('a', { path: '/s' }), route('b', { path: '/u' })),
      both(route('a', { path: 's' }), route('b', { path: '/v' })),
      ['/s/', '/v/'],
    ],
    ['not those of one that is unhealthy', route('a', { path: '/s' }), { ...route('a', { path: '/t' }), health: 'unhealthy' }, ['/s/']],
  ])('%s', (_, older, newer, routes) => {
    const { routes: found, problems } = see([replica(1, older), replica(2, newer)]);
    expect(found).toEqual(routes);
    expect(problems).toHaveLength(1);
  });
});

describe('guards of replicas that disagree', () => {
  const open = guard();
  const ten = ['10.0.0.0/8'];
  type Allowed = readonly string[] | 'everybody';

  it.each<[string, Sketch, Sketch, Readonly<Record<string, Note>>, Allowed]>([
    ['the newest has one', open, guard('/s from 10.0.0.0/8'), {}, ten],
    ['the newest has none: the older one is asked without it as well', guard('/s from 10.0.0.0/8'), open, {}, ten],
    ['one lets in more', guard('/s from 10.0.0.0/8'), guard('/s from 10.0.0.0/8, 192.0.2.0/24'), {}, ten],
    ['one lets in a part', guard('/s from 10.9.0.0/16, 192.0.2.7'), guard('/s from 10.0.0.0/8'), {}, ['10.9.0.0/16']],
    ['they let in others', guard('/s from 10.0.0.0/8'), guard('/s from 192.0.2.0/24'), {}, []],
    ['IPv6 beside IPv4', guard('/s from 10.0.0.0/8, fd00::/8'), guard('/s from fd00::7, 0.0.0.0/0'), {}, ['10.0.0.0/8', 'fd00::7']],
    ['the newest can not be read: closed', guard('/s from 10.0.0.0/8'), guard('/s from 10.0.0.0/99'), {}, []],
    ['the older one can not be read: closed', guard('/s from 10.0.0.0/99'), guard('/s from 10.0.0.0/8'), {}, []],
    ['the path of one can not be read: closed', guard('/s from 10.0.0.0/8'), guard('s from 10.0.0.0/8'), {}, []],
    ['one closes a path above', guard('/s from 10.0.0.0/8'), guard('/ from 10.9.0.0/16'), {}, ['10.9.0.0/16']],
    [
      'the newest can not be read, but serves nothing',
      guard('/s from 10.0.0.0/8'),
      { ...guard('/s from x'), health: 'unhealthy' },
      {},
      ten,
    ],
    ['the newest has none, but serves nothing', guard('/s from 10.0.0.0/8'), { ...open, health: 'unhealthy' }, {}, ten],
    ['the newest has one, but serves nothing', open, { ...guard('/s from 10.0.0.0/8'), health: 'unhealthy' }, {}, 'everybody'],
    ['the newest has one, and served a moment ago', open, { ...guard('/s from 10.0.0.0/8'), health: 'unhealthy' }, { s2: lately }, ten],
    ['the older one has gone from rotation', { ...guard('/s from 10.0.0.0/8'), state: 'exited' }, open, {}, 'everybody'],
  ])('%s', (_, older, newer, notes, expected) => {
    const [s1, s2] = [replica(1, older), replica(2, newer)];
    expect(see([s1, s2], notes).allow['below /s/']).toEqual(expected);
    expect(see([s2, s1], notes).allow).toEqual(see([s1, s2], notes).allow);
  });

  it('let in at each path only networks that all replicas let in', () => {
    const older = guard('/s from 10.0.0.0/8', '/s/admin from 10.9.0.0/16');
    const newer = guard('/s/admin/users from 10.0.0.0/8', '=/s/admin from 10.9.8.0/24');
    expect(see([replica(1, older), replica(2, newer)]).allow).toMatchObject({
      'exact /s': ten,
      'below /s/': ten,
      'exact /s/admin': ['10.9.8.0/24'],
      'below /s/admin/': ['10.9.0.0/16'],
      'below /s/admin/users/': ['10.9.0.0/16'],
    });
  });

  it('have a problem', () => {
    expect(see([replica(1, guard('/s from 10.0.0.0/8')), replica(2, open)]).problems).toMatchObject([
      {
        container: 's2',
        key: 'meet.allow.*',
        message: expect.stringContaining('is open only to networks that every replica in rotation lets in'),
      },
    ]);
  });

  it('keep a replica from being a standby until its own guards apply', () => {
    const standby = (newer: Sketch): unknown => {
      const { instance } = see([replica(1, guard('/s from 10.0.0.0/8')), replica(2, { ...newer, health: 'starting' })]);
      return instance === undefined ? undefined : planRouting(instance, []).view.upstreams[0]?.backups;
    };
    expect(standby(guard('/s/admin from 10.9.0.0/16'))).toEqual([]);
    expect(standby(guard('/s from x'))).toEqual([]);
    expect(standby(guard('/s from 10.0.0.0/8'))).toEqual(['172.18.0.12:3000']);
    expect(standby(guard('/s from 0.0.0.0/0'))).toEqual(['172.18.0.12:3000']);
    expect(standby(open)).toEqual(['172.18.0.12:3000']);
  });
});

describe('another role with the same meet.service', () => {
  const states: readonly [string, Container][] = [
    ['in rotation', backend()],
    ['unhealthy', backend({ health: 'unhealthy' })],
    ['stopped', backend({ state: 'exited' })],
    ['older', backend({ created: 1 })],
    ['newer', backend({ created: 2_000_000_000 })],
  ];

  it.each(states)('is a separate service, and leaves a backend that is %s unchanged', (_, one) => {
    const { instances, problems } = readInstances(observe([frontend(), one, worker({ labels: { 'meet.paths': '/work' } })]));
    const alone = readInstances(observe([frontend(), one])).instances[0];
    expect(instances[0]?.services[0]).toEqual(alone?.services[0]);
    expect(instances[0]?.services[1]).toMatchObject({
      name: 'backend~service',
      role: 'service',
      replicas: [{ container: { name: 'worker' } }],
    });
    expect(problems.filter(({ code }) => code === 'replicas-disagree')).toMatchObject([
      { container: 'worker', key: 'meet.role', value: 'service' },
    ]);
  });

  it.each(['worker', 'files'])('has a separate upstream, even if the service was first (%s)', (service) => {
    const first = filesService({ service, created: 1 });
    const late = backend({ name: 'late', service: 'x', labels: { 'meet.service': service, 'meet.paths': '/late' }, created: 2 });
    const { instances } = readInstances(observe([frontend(), backend(), first, late]));
    const locations = instances.flatMap((instance) => planRouting(instance, []).view.groups.flatMap(({ locations: found }) => found));
    const upstream = (path: string): string | undefined => locations.find((location) => location.path === path)?.upstream;
    expect(upstream('/files/')).toBe(`meet_meet.${service}~service`);
    expect(upstream('/late/')).toBe(`meet_meet.${service}`);
    expect(upstream('/api/')).toBe('meet_meet.backend');
  });

  it('keeps its name in another project, or without a namesake', () => {
    const apart = worker({ project: 'other', labels: { 'meet.instance': 'meet' } });
    const found = readInstances(observe([frontend(), backend(), apart])).instances[0]?.services.map(({ name }) => name);
    expect(found).toEqual(['backend', 'backend']);
    expect(readInstances(observe([frontend(), worker()])).instances[0]?.services).toMatchObject([{ name: 'backend', role: 'service' }]);
  });
});
