import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareText, showUntrustedFields, showUntrustedLines, showUntrustedText } from '../../../src/model/untrusted-text.ts';

/** Only printable ASCII and the mark of a cut. */
const plain = /^[\x20-\x7e…]*$/;

describe('showing untrusted text', () => {
  it.each([
    ['meet-backend-1', 'meet-backend-1'],
    ['a\nb', 'a\\u{a}b'],
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['\u009b31m', '\\u{9b}31m'],
    ['\0', '\\u{0}'],
    ['é', '\\u{e9}'],
    ['😀', '\\u{1f600}'],
    ['\ud800', '\\u{d800}'],
    // Bidirectional overrides and isolates, zero-width letters, line separators: they make a text look like another
    // text.
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['\u061cx\u200e\u200f', '\\u{61c}x\\u{200e}\\u{200f}'],
    ['back\u200bend\u200c\u200d\ufeff\u2060', 'back\\u{200b}end\\u{200c}\\u{200d}\\u{feff}\\u{2060}'],
    ['x\u2028y\u2029z\u0085', 'x\\u{2028}y\\u{2029}z\\u{85}'],
    ['b\u0430ckend', 'b\\u{430}ckend'],
    ['\u{e0041}\u00ad\u115f', '\\u{e0041}\\u{ad}\\u{115f}'],
    ['', ''],
  ])('%j becomes %j', (text, expected) => {
    expect(showUntrustedText(text)).toBe(expected);
  });

  it('cuts a long text and adds its length', () => {
    expect(showUntrustedText('x'.repeat(500))).toBe(`${'x'.repeat(120)}…(500 characters)`);
  });

  it('turns any input into a line of plain text, and the result into the same line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const shown = showUntrustedText(text);
        expect(shown).toMatch(plain);
        expect(showUntrustedText(shown, 10_000)).toBe(shown);
      }),
    );
  });
});

describe('showing untrusted text of several lines', () => {
  it.each([
    ['one', ['one']],
    ['nginx: [emerg] x\nnginx: test failed\n', ['nginx: [emerg] x', 'nginx: test failed']],
    ['a\r\nb\rc\n\n \nd', ['a', 'b', 'c', 'd']],
    ['a\u2028b', ['a\\u{2028}b']],
    ['', []],
  ])('%j becomes %j', (text, expected) => {
    expect(showUntrustedLines(text)).toEqual(expected);
  });

  it('cuts each line, and counts the lines left out', () => {
    const text = Array.from({ length: 50 }, (_, index) => `${index}${'x'.repeat(20)}`).join('\n');
    expect(showUntrustedLines(text, { maxLines: 2, maxLineLength: 3 })).toEqual([
      '0xx…(21 characters)',
      '1xx…(21 characters)',
      '… and 48 more lines',
    ]);
  });

  it('gives plain text for any input, within the limits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
        const lines = showUntrustedLines(text, { maxLines: 5, maxLineLength: 100 });
        expect(lines.length).toBeLessThanOrEqual(6);
        for (const line of lines) expect(line).toMatch(plain);
      }),
    );
  });
});

describe('showing the fields of a log line', () => {
  it('makes every text safe, keys and nested values too, and leaves the rest', () => {
    const time = new Date(0);
    expect(showUntrustedFields({ 'a\u001b': ['\u202e', { b: '\n' }], n: 1, t: true, u: undefined, nil: null, time }, 100)).toEqual({
      'a\\u{1b}': ['\\u{202e}', { b: '\\u{a}' }],
      n: 1,
      t: true,
      u: undefined,
      nil: null,
      time,
    });
  });
});

describe('comparing text', () => {
  it('orders by code units in every locale', () => {
    expect(['b', 'a', 'B', 'ä', 'a1', 'a10', 'a2'].toSorted(compareText)).toEqual(['B', 'a', 'a1', 'a10', 'a2', 'b', 'ä']);
  });
});
