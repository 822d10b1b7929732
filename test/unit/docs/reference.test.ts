import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { alertsWithCodes, readmeWithLabels, referencePages } from '../../../src/docs/reference.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test.each([...referencePages()])('docs/%s agrees with the tables in the code (npm run docs)', (name, text) => {
  expect(read(`docs/${name}`)).toBe(text);
});

test('the alert MeetGenProblem has the codes of the table in the code (npm run docs)', () => {
  const alerts = read('docs/observability/alerts.yml');
  expect(alerts).toContain('meet_gen_problems{code=~"');
  expect(alertsWithCodes(alerts)).toBe(alerts);
});

test("the README's label table agrees with the table in the code (npm run docs)", () => {
  const readme = read('README.md');
  expect(readme).toContain('| `meet.role` |');
  expect(readmeWithLabels(readme)).toBe(readme);
});
