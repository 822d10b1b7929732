import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { describeChange } from '../../../src/routes/change.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { RoutingPlan } from '../../../src/routes/plan.ts';
import type { LocationView } from '../../../src/routes/view.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

type Labels = Readonly<Record<string, string>>;

function plan(...containers: readonly Container[]): RoutingPlan {
  const { instances, problems } = readInstances(observe([frontend(), ...containers]));
  const [instance] = instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  const planned = planRouting(instance, [[1, 30, 3]]);
  return { ...planned, problems: [...problems, ...planned.problems] };
}

const keyOf = ({ kind, path }: LocationView): string => `${kind === 'exact' ? '=' : '^~'} ${path}`;
const locationsIn = ({ view }: RoutingPlan): ReadonlyMap<string, LocationView> =>
  new Map(view.groups.flatMap(({ locations }) => locations.map((one) => [keyOf(one), one])));

const describeAccess = ({ upstream, guarded, allow }: LocationView): string =>
  upstream !== undefined ? 'all' : guarded === undefined ? '503' : allow?.join(' ') || 'nobody';

/** The networks that may reach each location, `all`, or `503`. */
function accessOf(planned: RoutingPlan): Readonly<Record<string, string>> {
  return Object.fromEntries([...locationsIn(planned)].map(([key, one]) => [key, describeAccess(one)]));
}
const filesWith = (labels: Labels): RoutingPlan => plan(filesService({ labels }), backend());
const allow = (value: string, name = 'one'): Labels => ({ [`meet.allow.${name}`]: value });

describe('meet.allow', () => {
  it('guards a route as a whole', () => {
    const planned = filesWith(allow('/files from 10.0.0.0/8, 192.0.2.7'));
    expect(accessOf(planned)).toMatchObject({ '= /files': '10.0.0.0/8 192.0.2.7', '^~ /files/': '10.0.0.0/8 192.0.2.7' });
    expect(planned.problems).toEqual([]);
  });

  it('guards a part of a route, with separate locations for the same containers and settings', () => {
    const planned = filesWith({ ...allow('/files/admin from 10.0.0.0/8'), 'meet.read-timeout': '9s', 'meet.websocket': 'true' });
    const settings = { readTimeout: '9s', websocket: true };
    expect(accessOf(planned)).toMatchObject({ '= /files': 'all', '^~ /files/': 'all' });
    for (const key of ['= /files/admin', '^~ /files/admin/'])
      expect(locationsIn(planned).get(key)).toMatchObject({ guarded: 'meet_meet.files', allow: ['10.0.0.0/8'], ...settings });
    expect(planned.routes.map(({ rule }) => rule.path)).toContain('/files/admin/');
    expect(planned.problems).toEqual([]);
  });

  it('guards a part of a stripped route, with the same prefix stripped', () => {
    const planned = filesWith({ 'meet.route.x.path': '/x', 'meet.route.x.strip': 'true', ...allow('/x/admin from 10.0.0.0/8') });
    expect(locationsIn(planned).get('^~ /x/admin/')).toMatchObject({ guarded: 'meet_meet.files', uri: '/admin/', prefix: '/x' });
    expect(locationsIn(planned).get('= /x/admin')).toMatchObject({ guarded: 'meet_meet.files', uri: '/admin', prefix: '/x' });
  });

  it.each([
    { value: '=/files from 10.0.0.0/8', access: { '= /files': '10.0.0.0/8', '^~ /files/': 'all' } },
    { value: '/files/ from 10.0.0.0/8', access: { '= /files': 'all', '^~ /files/': '10.0.0.0/8' } },
    { value: '/ from 10.0.0.0/8', access: { '= /files': '10.0.0.0/8', '^~ /files/': '10.0.0.0/8' } },
    { value: '=/files/x from 10.0.0.0/8', access: { '= /files/x': '10.0.0.0/8', '^~ /files/': 'all' } },
    {
      value: '/files/x/ from 10.0.0.0/8',
      access: { '= /files/x': 'all', '^~ /files/x/': '10.0.0.0/8', '^~ /files/': 'all' },
    },
  ])('$value means exactly that', ({ value, access }) => {
    expect(accessOf(filesWith(allow(value)))).toMatchObject(access);
  });

  it('lets the longest path win, as nginx does', () => {
    const planned = filesWith({
      ...allow('/files from 10.0.0.0/8', 'a'),
      ...allow('/files/a from 192.0.2.0/24', 'b'),
      ...allow('/files/a/b from 0.0.0.0/0', 'c'),
    });
    expect(accessOf(planned)).toMatchObject({
      '^~ /files/': '10.0.0.0/8',
      '^~ /files/a/': '192.0.2.0/24',
      '^~ /files/a/b/': '0.0.0.0/0',
      '= /files/a/b': '0.0.0.0/0',
    });
  });

  it('holds for longer routes of the service as well', () => {
    const planned = filesWith({ 'meet.route.deep.path': '/files/a/b', 'meet.route.deep.port': '81', ...allow('/files/a from 10.0.0.0/8') });
    expect(accessOf(planned)).toMatchObject({ '^~ /files/a/b/': '10.0.0.0/8', '^~ /files/a/': '10.0.0.0/8', '^~ /files/': 'all' });
    expect(locationsIn(planned).get('^~ /files/a/b/')?.guarded).toBe('meet_meet.files+81');
  });

  it('combines labels for the same path, and an unreadable label closes the path', () => {
    const two = { ...allow('/files from 10.0.0.0/8', 'a'), ...allow('/files from 192.0.2.0/24', 'b') };
    expect(accessOf(filesWith(two))).toMatchObject({ '^~ /files/': '10.0.0.0/8 192.0.2.0/24' });
    expect(accessOf(filesWith({ ...two, ...allow('/files from anywhere', 'c') }))).toMatchObject({ '^~ /files/': 'nobody' });
  });

  it('closes its path, or all paths, if it is unreadable, even against another label', () => {
    const open = allow('/files/open from 0.0.0.0/0', 'open');
    expect(accessOf(filesWith({ ...open, ...allow('/files/x from') }))).toMatchObject({
      '^~ /files/': 'all',
      '^~ /files/x/': 'nobody',
      '^~ /files/open/': '0.0.0.0/0',
    });
    const closed = accessOf(filesWith({ ...open, ...allow('files from 10.0.0.0/8') }));
    expect(closed).toMatchObject({ '= /files': 'nobody', '^~ /files/': 'nobody', '^~ /files/open/': 'nobody' });
  });

  it('applies only to its own service', () => {
    const labels = allow('/ from 10.0.0.0/8');
    const access = accessOf(plan(backend(), filesService({ labels })));
    expect(access).toMatchObject({ '^~ /files/': '10.0.0.0/8', '^~ /api/': 'all' });
  });

  it.each([
    { what: 'nobody has', value: '/elsewhere from 10.0.0.0/8' },
    { what: 'another service has', value: '/api from 10.0.0.0/8' },
    { what: 'lies below what another service has', value: '/api/v1.0 from 10.0.0.0/8' },
    { what: 'another service has below its own', value: '/files/other/x from 10.0.0.0/8' },
    { what: 'only looks like its own', value: '/filesystem from 10.0.0.0/8' },
  ])('has no effect on a path that $what, with a problem', ({ value }) => {
    const other = filesService({ name: 'other', service: 'other', labels: { 'meet.paths': '/files/other' } });
    const planned = plan(backend(), other, filesService({ labels: allow(value) }));
    expect(Object.values(accessOf(planned)).every((access) => access === 'all' || access === '503')).toBe(true);
    expect(planned.problems).toMatchObject([{ code: 'allow-without-route', key: 'meet.allow.one', container: 'meet-files-1' }]);
  });

  it('guards nothing while no replica is in rotation', () => {
    const planned = plan(filesService({ state: 'exited', labels: allow('/files from 10.0.0.0/8') }));
    expect(accessOf(planned)).toMatchObject({ '^~ /files/': '503' });
    expect(planned.view).not.toHaveProperty('trustedSubnets');
  });

  it('hides the upstream from a template without support for guards', () => {
    for (const [, { upstream, guarded, allow: networks }] of locationsIn(filesWith(allow('/files from 10.0.0.0/8'))))
      if (networks !== undefined) expect({ upstream, guarded }).toEqual({ upstream: undefined, guarded: 'meet_meet.files' });
  });

  it.each([
    ['a part of it is guarded', allow('/files/admin from 10.0.0.0/8'), true],
    ['a guard is for everybody', allow('/files from 0.0.0.0/0, ::/0'), true],
    ['a guard cannot be read', allow('x'), true],
    ['it has none', {}, undefined],
  ])('makes every location of its service take plain paths only: %s', (_, labels, expected) => {
    const planned = plan(backend(), filesService({ labels: { ...labels, 'meet.route.x.path': '/x', 'meet.route.x.strip': 'true' } }));
    const flags = (title: string): ReadonlySet<unknown> =>
      new Set(planned.view.groups.find((group) => group.title === title)?.locations.map(({ plainPathsOnly }) => plainPathsOnly));
    expect(flags('meet/files')).toEqual(new Set([expected]));
    expect(flags('meet/backend')).toEqual(new Set([undefined]));
    expect(planned.view.refusesPaths).toBe(expected);
  });

  it('requires plain paths even while no replica is in rotation', () => {
    const planned = plan(filesService({ state: 'exited', labels: allow('/files/admin from 10.0.0.0/8') }));
    expect(locationsIn(planned).get('^~ /files/')).toEqual({ kind: 'below', path: '/files/', plainPathsOnly: true });
  });

  it('appears in the description of a change', () => {
    const change = describeChange(filesWith({}).view, filesWith(allow('/files/ from nowhere')).view);
    expect(change).toContain('+ /files/ -> meet/files allow none plainPathsOnly true');
    expect(change).toContain('- /files/ -> meet/files');
  });
});

const proxied = (name: string, networks: Readonly<Record<string, string>>, project = 'meet'): Container =>
  frontend({ name, project, networks, labels: { 'meet.instance': 'meet' } });

const trusted = (...containers: readonly Container[]): readonly string[] | undefined => {
  const [instance] = readInstances(observe(containers)).instances;
  return instance === undefined ? undefined : planRouting(instance, [undefined]).view.trustedSubnets;
};

describe('the trusted subnets', () => {
  const labels = allow('/files from 10.0.0.0/8');
  it('are the networks of the frontends, and absent without guards', () => {
    const own = proxied('f', { meet_default: '172.18.0.2/16', proxy: '172.20.0.2/24 fd00:1::2/64' });
    expect(trusted(own, filesService({ labels }))).toEqual(['172.18.0.0/16', '172.20.0.0/24', 'fd00:1::/64']);
    expect(trusted(own, filesService())).toBeUndefined();
    const foreign = proxied('other-frontend-1', { meet_default: '172.18.0.66/1', other: '10.0.0.2/8' }, 'other');
    expect(trusted(own, foreign, filesService({ labels }))).toEqual(['172.18.0.0/16', '172.20.0.0/24', 'fd00:1::/64']);
  });

  it('are the host itself for a frontend in host mode', () => {
    const hosted = frontend({ networks: { host: '' }, networkMode: 'host' });
    expect(trusted(hosted, filesService({ labels }))).toEqual(['127.0.0.0/8']);
  });
});
