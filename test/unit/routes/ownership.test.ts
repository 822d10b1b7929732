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

describe('which paths a service answers', () => {
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

  it('is the preset for a backend without meet.paths', () => {
    const { answers, problems } = assign(backend());
    for (const path of backendPreset)
      expect([answers(path), answers(`${path}/x`), answers(`${path}x`)]).toEqual(['meet/backend', 'meet/backend', 'SPA']);
    expect(problems).toEqual([]);
  });

  it.each(['/__heartbeat__', '/__version__', '/media/recordings', '/', '/feedback', '/sdk/v1.js'])('%s is not of the preset', (path) => {
    expect(assign(backend()).answers(path)).toBe('SPA');
  });

  it('is the preset and more with + in front', () => {
    const { answers } = assign(backend({ labels: { 'meet.paths': '+/more' } }));
    expect([answers('/more'), answers('/api/v1.0')]).toEqual(['meet/backend', 'meet/backend']);
  });

  it('is only the list without +: the rest of the preset goes to the SPA', () => {
    const { answers } = assign(backend({ labels: { 'meet.paths': '/only' } }));
    expect([answers('/only/x'), answers('/api')]).toEqual(['meet/backend', 'SPA']);
  });

  it('is the longest that fits, whoever has the shorter one', () => {
    const { answers } = assign(backend(), withPaths('/api/files'));
    expect([answers('/api'), answers('/api/files/x'), answers('/api/filesystem')]).toEqual(['meet/backend', 'meet/files', 'meet/backend']);
  });

  it('names each path once, though it is asked for twice', () => {
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

  it('are never captured by a route, whatever they are called', () => {
    fc.assert(fc.property(part(3), part(4), part(3), (a, b, c) => answers(`/${a}-${b}-${c}`) === 'SPA'));
  });

  it.each(prefixes)('that begin with %s are not captured either', (prefix) => {
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

  it('belongs to the one that sorts first; the other is a problem and nothing is lost for both', () => {
    const { answers, problems } = assign(backend(), second, first);
    expect(answers('/x')).toBe('meet/aaa');
    expect(problems).toMatchObject([{ code: 'contested-route', container: 'b', key: 'meet.paths', value: '=/x,/x/' }]);
    expect(problems[0]?.message).toContain('meet/aaa');
  });

  it("belongs to the instance's own project, though another sorts before it", () => {
    const stranger = filesService({ name: 'z', project: 'aaa', labels: { 'meet.paths': '/x', 'meet.instance': 'meet' } });
    expect(assign(backend(), stranger, second).answers('/x')).toBe('meet/bbb');
  });

  it('stays where it is when either is redeployed', () => {
    for (const ids of [
      ['0', 'f'],
      ['f', '0'],
    ] as const) {
      expect(assign(backend(), again(first, ids[0]), again(second, ids[1])).answers('/x')).toBe('meet/aaa');
    }
  });

  it('leaves the loser all its other paths', () => {
    const more = filesService({ name: 'b', service: 'bbb', labels: { 'meet.paths': '/x,/y' } });
    expect(assign(backend(), first, more).answers('/y/z')).toBe('meet/bbb');
  });

  it('is split when only a part of it is contested', () => {
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

  it("is the backend's again though all its containers are stopped", () => {
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

  it('is no problem of a one-off, whose labels do not count', () => {
    expect(assign(backend(), filesService({ oneOff: true })).problems).toEqual([]);
  });
});
