import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDoctorStack, type DoctorStack } from '../../support/doctor/doctor-stack.ts';
import { faults } from '../../support/doctor/faults.ts';
import { saysExactly, undergo } from '../../support/doctor/ordeal.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';

// All faults: endurance/doctor.test.ts.

let stack: DoctorStack;

beforeAll(async () => {
  stack = await startDoctorStack(providedEngine(), providedImages(), 'doctor');
});
afterAll(() => stack?.remove());

test('a healthy topology has no finding', async () => {
  expect(await saysExactly(stack, [])).toMatchObject({ code: 0, summary: { failures: 0, warnings: 0 } });
  expect(await stack.report()).toMatch(/^Not checked:[^]*\n0 failures, 0 warnings, \d+ not checked, \d+ ok\.\n$/);
});

for (const fault of faults.filter(({ short }) => short === true)) {
  test(`${fault.name}: found, mended as the cure says, gone`, () => undergo(stack, fault));
}
