import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { refusalOf, refusedPaths } from '../../../src/routes/refused-path.ts';

const template = readFileSync(new URL('../../../templates/routing.conf.eta', import.meta.url), 'utf8');

test.each([
  [String.raw`/app/x/..\admin/users`, 'a backslash'],
  ['/app/x%5cy', 'a backslash'],
  ['/app/x%5Cy', 'a backslash'],
  ['/app/a%2fb', 'an encoded slash'],
  ['/app/a%2F', 'an encoded slash'],
  ['/app/admin//../users', 'two slashes in a row'],
  ['//service/app', 'two slashes in a row'],
  ['/app//', 'two slashes in a row'],
  ['/app/x#//y', 'two slashes in a row'],
  ['/app/admin/../pub', 'a segment of dots'],
  ['/app/.', 'a segment of dots'],
  ['/app/..', 'a segment of dots'],
  ['/app/..?x', 'a segment of dots'],
  ['/app/..#x', 'a fragment'],
  ['/app/admin/help#x', 'a fragment'],
  ['/app/%2e/x', 'a segment of dots'],
  ['/app/%2E%2e/x', 'a segment of dots'],
  ['/app/.%2e', 'a segment of dots'],
  ['/app/..;/x', 'a segment of dots'],
  ['/app/%2e.;a=b/x', 'a segment of dots'],
  ['/app/..%3B/x', 'a segment of dots'],
  ['/app/;/x', 'an empty segment'],
  ['/app/;a=b', 'an empty segment'],
  ['/app/%3b/x', 'an empty segment'],
  ['/app/%252fx', 'a sign that is encoded twice'],
  ['/app/%252E%252e/x', 'a sign that is encoded twice'],
  ['/app/%255cx', 'a sign that is encoded twice'],
  ['/app/%2561dmin', 'a sign that is encoded twice'],
  ['/app/%25252f', 'a sign that is encoded twice'],
  ['/app/%25%32%66x', 'a sign that is encoded twice'],
  ['/app/%25%36%31dmin', 'a sign that is encoded twice'],
  ['/app/%252%46x', 'a sign that is encoded twice'],
])('%s is refused for %s', (target, what) => {
  expect(refusalOf(target)).toBe(what);
});

test.each([
  '/',
  '/app/',
  '/app?next=//a.example/../b',
  String.raw`/app?x=..\y&z=%2f%252f`,
  '/app/file%2etxt',
  '/app/%2ehidden',
  '/app/.well-known/x',
  '/app/.../x',
  '/app/..x/x..',
  '/app/%2e%2e%2e',
  '/app/a;b=c',
  '/app/100%25',
  '/app/%2520',
  '/app/%25C3%25A9',
  '/app/caf%C3%A9',
  '/app/What%3F',
])('%s is plain', (target) => {
  expect(refusalOf(target)).toBeUndefined();
});

test('nginx gets the same expressions in the same order', () => {
  const [, map = ''] = /map \$request_uri \$meet_path \{\n([^]*?)\n\}/.exec(template) ?? [];
  const expected = refusedPaths.map(({ what, pattern }) => `"~*${pattern}" "${what}";`);
  expect(map.split('\n').map((line) => line.trim())).toEqual(['default "what cannot be read";', ...expected, '"~^" plain;']);
});
