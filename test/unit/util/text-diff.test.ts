import { expect, it } from 'vitest';
import { lazyDiff, unifiedDiff } from '../../../src/util/text-diff.ts';

const names = ['before', 'after'] as const;
const lines = (count: number, word: string): string => Array.from({ length: count }, (_, index) => `${word} ${index}\n`).join('');

it('is empty for equal texts', () => {
  expect(unifiedDiff(names, 'a\n', 'a\n')).toBe('');
});

it('equals the output of diff -u', () => {
  expect(unifiedDiff(names, '1\n2\n3\n4\n5\n6\n7\n8\n', '1\n2\n3\n4\nfive\n6\n7\n8\n')).toBe(
    '--- before\n+++ after\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
  );
});

it('gives up where nearly everything is different', () => {
  expect(unifiedDiff(names, lines(5000, 'old'), lines(5000, 'new'))).toBe('more than 1000 lines of before and after are different\n');
});

it('is the same on demand, for long texts too', () => {
  for (const count of [10, 10_000]) {
    const texts = [lines(count, 'same'), `${lines(count, 'same')}more\n`] as const;
    expect(lazyDiff(names, ...texts)()).toBe(unifiedDiff(names, ...texts));
  }
});
