import { describe, expect, it } from 'vitest';
import { parseNginx, walk } from '../../support/nginx-parse.ts';

describe('reading nginx syntax', () => {
  it('yields the tree of directives', () => {
    expect(parseNginx('# note\nserver {\n    listen 8083; # port\n    location = /x {\n        return 200 "a b\\n";\n    }\n}\n')).toEqual([
      {
        name: 'server',
        args: [],
        block: [
          { name: 'listen', args: ['8083'] },
          { name: 'location', args: ['=', '/x'], block: [{ name: 'return', args: ['200', '"a b\\n"'] }] },
        ],
      },
    ]);
  });

  it('yields the blocks around each directive', () => {
    expect(
      walk(parseNginx('server {\nlocation / {\nreturn 404;\n}\n}\n')).map(({ path, directive }) => `${path} ${directive.name}`),
    ).toEqual([' server', 'server location', 'server/location return']);
  });

  it.each([
    'a',
    'a {',
    'a { b; ',
    '}',
    'a; }',
    ';',
    '{ }',
    'a "b',
    'a "b"c;',
    "a 'b';",
    'a b\\;',
    'a\tb;',
    'a b\u0000;',
    'a é;',
    '# é\na;',
    'a\r\n;',
    '#',
  ])('refuses %j', (text) => {
    expect(() => parseNginx(text)).toThrow();
  });
});
