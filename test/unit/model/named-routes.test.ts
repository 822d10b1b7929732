import { describe, expect, it } from 'vitest';
import { routeTable } from '../../../src/model/label-table.ts';
import type { NamedRoute } from '../../../src/model/label-table.ts';
import { readLabels } from '../../../src/model/labels.ts';
import type { Problem } from '../../../src/model/problem.ts';
import { container } from '../../support/containers.ts';

type Attribute = keyof typeof routeTable;

function read(labels: Readonly<Record<string, string>>, role = 'service'): { routes: readonly NamedRoute[]; problems: readonly Problem[] } {
  const { labels: found, problems } = readLabels(container({ name: 'c', labels: { 'meet.role': role, ...labels } }));
  return { routes: found.routes ?? [], problems };
}

const keyOf = (attribute: Attribute): string => routeTable[attribute].key.replace('<name>', 'one');
const below = (path: string): unknown => ({ kind: 'below', path });
const exact = (path: string): unknown => ({ kind: 'exact', path });

const cases: Readonly<Record<Attribute, { accepted: readonly (readonly [string, unknown])[]; refused: readonly string[] }>> = {
  path: {
    accepted: [
      ['/x', [exact('/x'), below('/x/')]],
      ['/x/', [below('/x/')]],
      ['=/x', [exact('/x')]],
      ['=/', [exact('/')]],
      ['/a/b.c_d~e@f:g+h-i', [exact('/a/b.c_d~e@f:g+h-i'), below('/a/b.c_d~e@f:g+h-i/')]],
    ],
    refused: [
      '',
      '/',
      'x',
      '+/x',
      '/x,/y',
      ' /x',
      '/x ',
      '//x',
      '/x//y',
      '/../x',
      '/x/.',
      '/x y',
      '/x;',
      '/x{',
      '/$x',
      '/x#y',
      '/%2e',
      '~ /x',
      `/${'x'.repeat(256)}`,
    ],
  },
  port: {
    accepted: [
      ['1', 1],
      ['9000', 9000],
      ['65535', 65_535],
    ],
    refused: ['0', '65536', '-1', '080', '9000/tcp', 'http', ''],
  },
  strip: {
    accepted: [
      ['true', true],
      ['false', false],
    ],
    refused: ['yes', 'True', '1', ''],
  },
  websocket: {
    accepted: [
      ['true', true],
      ['false', false],
    ],
    refused: ['yes', 'True', '1', ''],
  },
  readTimeout: {
    accepted: [
      ['5s', '5s'],
      ['1h', '1h'],
    ],
    refused: ['0', '1.5s', '5 s', 'off', ''],
  },
  bodySize: {
    accepted: [
      ['0', '0'],
      ['10M', '10M'],
    ],
    refused: ['10MB', '-1', '1.5G', ''],
  },
  proto: {
    accepted: [
      ['http', 'http'],
      ['https', 'https'],
    ],
    refused: ['HTTPS', 'h2', 'https://', 'uwsgi', ''],
  },
};

describe.each(Object.keys(routeTable) as Attribute[])('meet.route.<name>: %s', (attribute) => {
  const path = attribute === 'path' ? {} : { [keyOf('path')]: '/x' };

  it.each(cases[attribute].accepted)('takes %s', (text, value) => {
    const { routes, problems } = read({ ...path, [keyOf(attribute)]: text });
    expect(problems).toEqual([]);
    expect(routes).toMatchObject([{ name: 'one', [attribute]: value }]);
  });

  it.each(cases[attribute].refused)('refuses %j and shows the allowed values', (text) => {
    const { routes, problems } = read({ ...path, [keyOf(attribute)]: text });
    expect(problems).toMatchObject([{ code: 'bad-label-value', key: keyOf(attribute) }]);
    expect(problems[0]?.cure).toContain(routeTable[attribute].allowed.slice(0, 40));
    // At another port another program could answer, so the route is left out.
    const isLeftOut = attribute === 'path' || attribute === 'port';
    expect(routes).toHaveLength(isLeftOut ? 0 : 1);
    expect(routes[0] ?? {}).not.toHaveProperty(attribute);
  });
});

const numbered = (index: number): string => `r${String(index).padStart(2, '0')}`;

describe('named routes', () => {
  it('are sorted by name, each with its own settings', () => {
    const { routes, problems } = read({ 'meet.route.b.path': '/b', 'meet.route.a.port': '9000', 'meet.route.a.path': '=/a' });
    expect(problems).toEqual([]);
    expect(routes).toEqual([
      { name: 'a', path: [exact('/a')], port: 9000 },
      { name: 'b', path: [exact('/b'), below('/b/')] },
    ]);
  });

  it('a route without a path is left out alone', () => {
    const { routes, problems } = read({ 'meet.route.b.path': '/b', 'meet.route.a.port': '9000' });
    expect(problems).toMatchObject([{ code: 'route-without-path', key: 'meet.route.a.path' }]);
    expect(routes.map(({ name }) => name)).toEqual(['b']);
  });

  it.each([
    ['meet.route.one.pth', 'meet.route.one.path'],
    ['meet.route.one.Port', 'meet.route.one.port'],
    ['meet.route.one.read_timeout', 'meet.route.one.read-timeout'],
    ['meet.route.one.path.x', 'meet.route.one.path'],
    ['meet.route.one.websockets', 'meet.route.one.websocket'],
  ])('%s is unknown, with %s as the hint', (key, meant) => {
    const { problems } = read({ [key]: 'x' });
    expect(problems).toMatchObject([{ code: 'unknown-label', key }]);
    expect(problems[0]?.cure).toContain(`did you mean ${meant}?`);
  });

  it.each([
    'meet.route.',
    'meet.route.one',
    'meet.route.one.',
    'meet.route..path',
    'meet.route.One.path',
    'meet.route.a.b.path',
    'meet.route.a b.path',
    'meet.route.a;.path',
    'meet.route.$x.path',
    `meet.route.${'x'.repeat(64)}.path`,
    'meet.route.__proto__.path',
    'meet.route.one.constructor',
  ])('%s is unknown, and the cure shows the form', (key) => {
    const { routes, problems } = read({ [key]: '/x' });
    expect(routes).toEqual([]);
    expect(problems).toMatchObject([{ code: 'unknown-label' }]);
    expect(problems[0]?.cure).toContain('meet.route.<name>.<attribute>');
  });

  it('have no effect on a frontend', () => {
    const { routes, problems } = read({ 'meet.route.one.path': '/x' }, 'frontend');
    expect(routes).toEqual([]);
    expect(problems).toMatchObject([{ code: 'label-without-effect', key: 'meet.route.one.path' }]);
  });

  it('are limited to 32: the last routes by name are left out, with a problem', () => {
    const { routes, problems } = read(
      Object.fromEntries(Array.from({ length: 34 }, (_, index) => [`meet.route.${numbered(index)}.path`, `/${numbered(index)}`])),
    );
    expect(routes.map((route) => route.name)).toEqual(Array.from({ length: 32 }, (_, index) => numbered(index)));
    expect(problems).toMatchObject([{ code: 'bad-label-value', key: 'meet.route.r32.path' }]);
    expect(problems[0]?.message).toContain('so 2 are left out');
  });
});
