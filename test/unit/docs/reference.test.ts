import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { alertsWithCodes, readmeWithLabels, referencePages } from '../../../src/docs/reference.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test.each([...referencePages()])('docs/%s says what the tables in the code say (npm run docs)', (name, text) => {
  expect(read(`docs/${name}`)).toBe(text);
});

test('the alert MeetGenProblem is about the codes that the table in the code says (npm run docs)', () => {
  const alerts = read('docs/observability/alerts.yml');
  expect(alerts).toContain('meet_gen_problems{code=~"');
  expect(alertsWithCodes(alerts)).toBe(alerts);
});

test("the README's label table says what the table in the code says (npm run docs)", () => {
  const readme = read('README.md');
  expect(readme).toContain('| `meet.role` |');
  expect(readmeWithLabels(readme)).toBe(readme);
});
