import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateFaults, startPublicName, type PublicName } from '../../support/doctor/certificate-faults.ts';
import { startDoctorStack, type DoctorStack } from '../../support/doctor/doctor-stack.ts';
import { faults } from '../../support/doctor/faults.ts';
import { checkLayouts, layouts } from '../../support/doctor/layouts.ts';
import { waitForFindings, checkFaults } from '../../support/doctor/check-faults.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';

// One round for each kind of thing that the doctor looks at. Every fault by itself: endurance/doctor.test.ts.

let stack: DoctorStack;

beforeAll(async () => {
  stack = await startDoctorStack(providedEngine(), providedImages(), 'doctor');
});
afterAll(() => stack?.remove());

test('a healthy topology has no finding', async () => {
  expect(await waitForFindings(stack, [])).toMatchObject({ code: 0, summary: { failures: 0, warnings: 0 } });
  expect(await stack.report()).toMatch(/^Not checked:[^]*\n0 failures, 0 warnings, \d+ not checked, \d+ ok\.\n$/);
});

test('set-ups that work in other ways have none either', async () => {
  await checkLayouts(
    stack,
    layouts.filter(({ without }) => without === undefined),
  );
});

const rounds = [...new Set(faults.flatMap(({ round }) => round ?? []))];

test.each(rounds)('%s: found, fixed as the cures say, gone', (round) =>
  checkFaults(
    stack,
    faults.filter((fault) => fault.round === round),
  ),
);

describe('names and certificates', () => {
  let name: PublicName;
  beforeAll(async () => {
    name = await startPublicName(providedEngine(), providedImages().idle, stack);
  });
  afterAll(() => name?.remove());

  test('a name that the DNS does not have, then has', () => name.checkDns());
  // A failure and a warning.
  test.each(certificateFaults.slice(0, 2))('a certificate $name', (fault) => name.checkCertificate(fault));
});
