import { expect, it } from 'vitest';
import { htmlText } from '../../../src/page/html-text.ts';

it.each<[unknown, string]>([
  ['plain', 'plain'],
  [3, '3'],
  ['<b>&amp;</b>', '&lt;b&gt;&amp;amp;&lt;/b&gt;'],
  [`" onload='x'`, '&quot; onload=&#39;x&#39;'],
  ['', ''],
])('writes %j as the text %s', (value, expected) => {
  expect(htmlText(value)).toBe(expected);
});

it.each([undefined, null, true, {}, []])('refuses %j, which no template may print', (value) => {
  expect(() => htmlText(value)).toThrow("a page can't show");
});
