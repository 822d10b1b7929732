import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { assignRoutes, routeFor, serviceTitle } from '../../../src/routes/ownership.ts';
import { backendPreset } from '../../../src/routes/preset.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

function assign(...containers: readonly Container[]): ReturnType<typeof assignRoutes> & { answers: (path: string) => string } {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  const assigned = assignRoutes(instance);
  const answers = (path: string): string => {
    const route = routeFor(assigned.routes, path);
    if (route === undefined) return 'SPA';
    return serviceTitle(route.service);
  };
  return { ...assigned, answers };
}

const withPaths = (paths: string): Container => filesService({ labels: { 'meet.paths': paths } });

describe('the paths of a service', () => {
  it.each([
    ['/x', { '/x': true, '/x/': true, '/x/y': true, '/xyz': false, '/x-abcd-efg': false, '/': false, '/y/x': false }],
    ['/x/', { '/x': false, '/x/': true, '/x/y': true, '/xyz': false }],
    ['=/x', { '/x': true, '/x/': false, '/x/y': false, '/xyz': false }],
    ['=/x/', { '/x': false, '/x/': true, '/x/y': false }],
    ['=/', { '/': true, '/x': false, '/abc-defg-hij': false }],
    ['/a/b', { '/a': false, '/a/b': true, '/a/b/c': true, '/a/bc': false }],
  ] as const)('meet.paths=%s', (paths, expected) => {
    const { answers } = assign(backend(), withPaths(paths));
    expect(Object.fromEntries(Object.keys(expected).map((path) => [path, answers(path) === 'meet/files']))).toEqual(expected);
  });

  it('are the preset for a backend without meet.paths', () => {
    const { answers, problems } = assign(backend());
    for (const path of backendPreset)
      expect([answers(path), answers(`${path}/x`), answers(`${path}x`)]).toEqual(['meet/backend', 'meet/backend', 'SPA']);
    expect(problems).toEqual([]);
  });

  it.each(['/__heartbeat__', '/__version__', '/media/recordings', '/', '/feedback', '/sdk/v1.js'])(
    'do not include %s in the preset',
    (path) => {
      expect(assign(backend()).answers(path)).toBe('SPA');
    },
  );

  it('are the preset and more with + in front', () => {
    const { answers } = assign(backend({ labels: { 'meet.paths': '+/more' } }));
    expect([answers('/more'), answers('/api/v1.0')]).toEqual(['meet/backend', 'meet/backend']);
  });

  it('are only the list without +: the rest of the preset goes to the SPA', () => {
    const { answers } = assign(backend({ labels: { 'meet.paths': '/only' } }));
    expect([answers('/only/x'), answers('/api')]).toEqual(['meet/backend', 'SPA']);
  });

  it('go to the longest match, even if another service has the shorter path', () => {
    const { answers } = assign(backend(), withPaths('/api/files'));
    expect([answers('/api'), answers('/api/files/x'), answers('/api/filesystem')]).toEqual(['meet/backend', 'meet/files', 'meet/backend']);
  });

  it('have each path once, even if asked for twice', () => {
    const { routes, problems } = assign(backend(), withPaths('/x,/x,=/x,/x/'));
    expect(routes.filter(({ rule }) => rule.path.startsWith('/x'))).toHaveLength(2);
    expect(problems).toEqual([]);
  });
});

describe('rooms', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const part = (length: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...Array.from(letters)), minLength: length, maxLength: length });
  const { answers } = assign(backend(), withPaths('/files,=/exact,/deep/er'));
  const prefixes = [...backendPreset.map((path) => path.slice(1)), 'files', 'exact', 'deep'];

  it('are never captured by a route, with any name', () => {
    fc.assert(fc.property(part(3), part(4), part(3), (a, b, c) => answers(`/${a}-${b}-${c}`) === 'SPA'));
  });

  it.each(prefixes)('are not captured with a name that begins with %s', (prefix) => {
    fc.assert(
      fc.property(part(4), part(3), (b, c) => answers(`/${prefix}-${b}-${c}`) === 'SPA' && answers(`/${prefix}${b}${c}`) === 'SPA'),
    );
  });
});

const again = (one: Container, id: string): Container => ({
  ...one,
  id,
  name: `${one.name}-new`,
  createdAtSeconds: one.createdAtSeconds + 1000,
});

describe('a path that two services ask for', () => {
  const first = filesService({ name: 'a', service: 'aaa', labels: { 'meet.paths': '/x' } });
  const second = filesService({ name: 'b', service: 'bbb', labels: { 'meet.paths': '/x' } });

  it('belongs to the first service by name; the other gets a problem, and the path stays routed', () => {
    const { answers, problems } = assign(backend(), second, first);
    expect(answers('/x')).toBe('meet/aaa');
    expect(problems).toMatchObject([{ code: 'contested-route', container: 'b', key: 'meet.paths', value: '=/x,/x/' }]);
    expect(problems[0]?.message).toContain('meet/aaa');
  });

  it('belongs to the own project, even if another project sorts before it', () => {
    const stranger = filesService({ name: 'z', project: 'aaa', labels: { 'meet.paths': '/x', 'meet.instance': 'meet' } });
    expect(assign(backend(), stranger, second).answers('/x')).toBe('meet/bbb');
  });

  it('keeps its owner when either service is redeployed', () => {
    for (const ids of [
      ['0', 'f'],
      ['f', '0'],
    ] as const) {
      expect(assign(backend(), again(first, ids[0]), again(second, ids[1])).answers('/x')).toBe('meet/aaa');
    }
  });

  it('leaves the other service its other paths', () => {
    const more = filesService({ name: 'b', service: 'bbb', labels: { 'meet.paths': '/x,/y' } });
    expect(assign(backend(), first, more).answers('/y/z')).toBe('meet/bbb');
  });

  it('is shared if only a part of it is contested', () => {
    const exact = filesService({ name: 'a', service: 'aaa', labels: { 'meet.paths': '=/x' } });
    const { answers, problems } = assign(backend(), exact, second);
    expect([answers('/x'), answers('/x/y')]).toEqual(['meet/aaa', 'meet/bbb']);
    expect(problems).toMatchObject([{ code: 'contested-route', value: '=/x' }]);
  });
});

describe("the backend's preset without a backend", () => {
  it('stays reserved: the SPA must not answer API calls with HTML', () => {
    const { answers, problems } = assign(filesService());
    for (const path of backendPreset) expect(answers(`${path}/x`)).toBe('meet/backend');
    expect(problems).toEqual([]);
  });

  it('can be taken by a service', () => {
    const { answers, problems } = assign(withPaths('/api'));
    expect([answers('/api/x'), answers('/admin')]).toEqual(['meet/files', 'meet/backend']);
    expect(problems).toEqual([]);
  });

  it('belongs to the backend again, even with all its containers stopped', () => {
    expect(assign(backend({ state: 'exited' })).answers('/api')).toBe('meet/backend');
  });
});

describe('a service without usable paths', () => {
  it.each([{}, { 'meet.paths': '' }, { 'meet.paths': 'x' }])('%j gets no route, with a problem', (labels) => {
    const [instance] = readInstances(
      observe([frontend(), backend({ name: 'f', service: 'files', labels: { 'meet.role': 'service', ...labels } })]),
    ).instances;
    if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
    expect(assignRoutes(instance).problems).toMatchObject([{ code: 'no-paths', key: 'meet.paths', container: 'f' }]);
  });

  it('is not a problem for a one-off, since its labels do not count', () => {
    expect(assign(backend(), filesService({ oneOff: true })).problems).toEqual([]);
  });
});
