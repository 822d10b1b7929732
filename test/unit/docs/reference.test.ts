import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readmeWithLabels, referencePages } from '../../../src/docs/reference.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test.each([...referencePages()])('docs/%s says what the tables in the code say (npm run docs)', (name, text) => {
  expect(read(`docs/${name}`)).toBe(text);
});

test("the README's label table says what the table in the code says (npm run docs)", () => {
  const readme = read('README.md');
  expect(readme).toContain('| `meet.role` |');
  expect(readmeWithLabels(readme)).toBe(readme);
});
