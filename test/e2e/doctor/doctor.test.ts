import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDoctorStack, type DoctorStack } from '../../support/doctor/doctor-stack.ts';
import { providedEngine, providedImages } from '../../support/engine/provided.ts';
import { waitUntil } from '../../support/wait-until.ts';

let stack: DoctorStack;

beforeAll(async () => {
  stack = await startDoctorStack(providedEngine(), providedImages(), 'doctor');
});
afterAll(() => stack?.remove());

test('a healthy topology has no finding', async () => {
  let last = '';
  await waitUntil(
    'nothing is found',
    async () => {
      const says = await stack.doctor();
      last = JSON.stringify(says, undefined, 1);
      return says.code === 0 && says.findings.length === 0;
    },
    30_000,
    () => last,
  );
  expect(await stack.report()).toMatch(/^Not checked:[^]*\n0 failures, 0 warnings, \d+ not checked, \d+ ok\.\n$/);
});
