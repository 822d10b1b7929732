import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nginxToken, parseHosts, parsePaths } from '../../../src/nginx/token.ts';

describe('a printed value', () => {
  it.each(['meet', '172.18.0.5:8000', '[fd00::5]:8000', '/api/', '300s', '100M', '*.example.com', 'meet_x.backend', '10.0.0.0/8', 8083, 0])(
    '%j',
    (value) => {
      expect(nginxToken(value)).toBe(String(value));
    },
  );

  it.each([undefined, null])('is never %s: the message reports a missing value', (value) => {
    expect(() => nginxToken(value)).toThrow('missing');
  });

  it.each([true, {}, [], () => 'x', Symbol('x'), 1n])('is always text or a number', (value) => {
    expect(() => nginxToken(value)).toThrow('of type');
  });

  it.each([
    '',
    ' ',
    'a b',
    'a;',
    'a{',
    '}',
    '#x',
    '$host',
    '"x"',
    "'x'",
    'a\\b',
    'a\nb',
    'x\n',
    'é',
    '\0',
    '%',
    'x'.repeat(513),
    '(x)',
    '|',
    '&',
    '<x>',
    '`x`',
  ])('never %j, which nginx could read as syntax', (value) => {
    expect(() => nginxToken(value)).toThrow(TypeError);
  });

  it('never ends a word, directive or block, and never starts a block, variable, comment or string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        if (/[\s;{}#$"'\\]/.test(text)) expect(() => nginxToken(text)).toThrow(TypeError);
      }),
    );
  });
});

describe('a parsed label', () => {
  it('is always printable', () => {
    const near = fc.stringMatching(/^[+=]{0,2}\/?[a-z0-9./~@:+\-_*,; \n${}#"']{0,40}$/);
    fc.assert(
      fc.property(near, (text) => {
        for (const { path } of parsePaths(text)?.rules ?? []) expect(nginxToken(path)).toMatch(/^\//);
        for (const host of parseHosts(text) ?? []) nginxToken(host);
      }),
    );
  });
});
