import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { promiseTable } from '../../engines/promise-table.ts';

test('the table of docs/engines.md has each behaviour of test/engines on each of its engines', () => {
  const page = readFileSync(new URL('../../../docs/engines.md', import.meta.url), 'utf8');
  const rows = page
    .slice(page.indexOf('| behaviour |'))
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(rows).toEqual(promiseTable().trimEnd().split('\n'));
});
