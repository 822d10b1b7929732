import { describe, expect, it } from 'vitest';
import type { Labels } from '../../../src/model/label-table.ts';
import { readLabels } from '../../../src/model/labels.ts';
import { nginxToken } from '../../../src/nginx/token.ts';
import type { Problem } from '../../../src/model/problem.ts';
import { container } from '../../support/containers.ts';

function read(labels: Readonly<Record<string, string>>, role = 'service'): { allow: Labels['allow']; problems: readonly Problem[] } {
  const { labels: found, problems } = readLabels(container({ name: 'c', labels: { 'meet.role': role, ...labels } }));
  return { allow: found.allow, problems };
}
const one = (value: string): ReturnType<typeof read> => read({ 'meet.allow.one': value });

const exact = (path: string): unknown => ({ kind: 'exact', path });
const below = (path: string): unknown => ({ kind: 'below', path });
const admin = [exact('/admin'), below('/admin/')];

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`meet.allow.a${index}`, `/a${index} from 10.0.0.0/8`]));

describe('meet.allow.<name>', () => {
  it.each([
    ['/admin from 10.0.0.0/8', admin, ['10.0.0.0/8']],
    ['/admin/ from 10.0.0.0/8', [below('/admin/')], ['10.0.0.0/8']],
    ['=/admin from 10.0.0.0/8', [exact('/admin')], ['10.0.0.0/8']],
    ['=/ from 10.0.0.0/8', [exact('/')], ['10.0.0.0/8']],
    ['/ from 10.0.0.0/8', [below('/')], ['10.0.0.0/8']],
    ['/a/b from 192.0.2.7', [exact('/a/b'), below('/a/b/')], ['192.0.2.7']],
    ['/admin from 192.0.2.7/32,10.1.2.3/8', admin, ['192.0.2.7', '10.0.0.0/8']],
    ['/admin from 0.0.0.0/0, ::/0', admin, ['0.0.0.0/0', '::/0']],
    ['/admin from 2001:DB8::1/32,fd00:0:0:0::7', admin, ['2001:db8::/32', 'fd00::7']],
    ['/admin from 10.0.0.0/8,\n  192.0.2.7\n', admin, ['10.0.0.0/8', '192.0.2.7']],
    ['  /admin   from   10.0.0.0/8 ,  192.0.2.7 ', admin, ['10.0.0.0/8', '192.0.2.7']],
  ])('%s', (value, rules, networks) => {
    expect(one(value)).toEqual({ allow: { rules: [{ name: 'one', rules, networks }], closesAll: false }, problems: [] });
    for (const network of networks) expect(nginxToken(network)).toBe(network);
  });

  it.each([
    '/admin',
    '/admin from',
    '/admin from ',
    '/admin from ,',
    '/admin from all',
    '/admin from 10.0.0.0/8,',
    '/admin from 10.0.0.0/8,all',
    '/admin from 10.0.0.0/33',
    '/admin from 10.0.0.0/-1',
    '/admin from 10.0.0.0/08',
    '/admin from 10.0.0.0/8/8',
    '/admin from 10.0.0/8',
    '/admin from 10/8',
    '/admin from 256.0.0.1',
    '/admin from 010.0.0.1',
    '/admin from 0x0a000001',
    '/admin from 167772161',
    '/admin from ::/129',
    '/admin from fe80::1%eth0',
    '/admin from ::ffff:10.0.0.1',
    '/admin from ::ffff:a00:1',
    '/admin from [::1]',
    '/admin from example.com',
    '/admin from unix:',
    '/admin from 10.0.0.0/8;',
    '/admin from 10.0.0.0/8; allow all',
    '/admin from $x',
    '/admin from 10.0.0.0/8 192.0.2.0/24',
    '/admin from 10.0.0.0/8\n192.0.2.0/24',
    '/admin 10.0.0.0/8',
    '/admin form 10.0.0.0/8',
    `/admin from ${Array.from({ length: 65 }, (_, index) => `10.0.0.${index}`).join(',')}`,
    // Cut at the limit.
    '/admin from 10.0.0.0/8, 192.0.2…',
    '/admin from 10.0.0.0/8,',
  ])('%j closes the path to all clients, since its networks are unreadable', (value) => {
    const { allow, problems } = one(value);
    expect(allow).toEqual({ rules: [{ name: 'one', rules: admin, networks: [] }], closesAll: false });
    expect(problems).toMatchObject([{ code: 'allow-unreadable', severity: 'error', key: 'meet.allow.one' }]);
    expect(problems[0]?.message).toContain('the path is closed to all clients');
  });

  it.each([
    '',
    ' ',
    'from 10.0.0.0/8',
    'admin from 10.0.0.0/8',
    '10.0.0.0/8',
    '10.0.0.0/8 to /admin',
    '/admin, /static from 10.0.0.0/8',
    '/admin,/static from 10.0.0.0/8',
    '/admin /static from 10.0.0.0/8',
    '/admin =/static from 10.0.0.0/8',
    '/admin and /static from 10.0.0.0/8',
    '/admin from 10.0.0.0/8, /static from 10.0.0.0/8',
    '/admin from 10.0.0.0/8\n/static from 10.0.0.0/8',
    '//admin from 10.0.0.0/8',
    '/admin/../x from 10.0.0.0/8',
    '/ad%6din from 10.0.0.0/8',
    '+/admin from 10.0.0.0/8',
    '^~ /admin from 10.0.0.0/8',
    '/admin; from 10.0.0.0/8',
    '/$x from 10.0.0.0/8',
    '\u2028',
  ])('%j closes all routes of the service, since its path is unreadable', (value) => {
    const { allow, problems } = one(value);
    expect(allow).toEqual({ rules: [], closesAll: true });
    expect(problems).toMatchObject([{ code: 'allow-unreadable', severity: 'error', key: 'meet.allow.one' }]);
    expect(problems[0]?.message).toContain('all routes of the service are closed to all clients');
  });

  it.each(['meet.allow', 'meet.allow.', 'meet.allow.One', 'meet.allow.a.b', 'meet.allow.a b', 'meet.allowed.one', 'meet.allow-one'])(
    'closes its path with a malformed key like %s',
    (key) => {
      const { allow, problems } = read({ [key]: '/admin from 10.0.0.0/8' });
      expect(allow).toMatchObject({ rules: [{ rules: admin, networks: [] }], closesAll: false });
      expect(problems).toMatchObject([{ code: 'allow-unreadable', key }]);
      expect(problems[0]?.cure).toContain('meet.allow.<name>');
    },
  );

  it('has no effect on a frontend, with a problem', () => {
    const { allow, problems } = read({ 'meet.allow.one': '/admin from 10.0.0.0/8' }, 'frontend');
    expect(allow).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'label-without-effect', key: 'meet.allow.one' }]);
  });

  it('closes all routes of the service above 32 labels: none may be ignored', () => {
    expect(read(many(32))).toMatchObject({ allow: { closesAll: false }, problems: [] });
    const { allow, problems } = read(many(33));
    expect(allow?.closesAll).toBe(true);
    expect(problems).toMatchObject([{ code: 'allow-unreadable', key: 'meet.allow.*' }]);
  });
});
