import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateFaults, startPublicName, type PublicName } from '../../support/doctor/certificate-faults.ts';
import { startDoctorStack, type DoctorStack } from '../../support/doctor/doctor-stack.ts';
import { faults } from '../../support/doctor/faults.ts';
import { checkLayouts, layouts } from '../../support/doctor/layouts.ts';
import { waitForFindings, checkFaults } from '../../support/doctor/check-faults.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';

// One round for each group of checks. endurance/doctor.test.ts makes each fault alone.

let stack: DoctorStack;

beforeAll(async () => {
  stack = await startDoctorStack(providedEngine(), providedImages(), 'doctor');
});
afterAll(() => stack?.remove());

test('finds nothing in a healthy topology', async () => {
  expect(await waitForFindings(stack, [])).toMatchObject({ code: 0, summary: { failures: 0, warnings: 0 } });
  expect(await stack.report()).toMatch(/^Not checked:[^]*\n0 failures, 0 warnings, \d+ not checked, \d+ ok\.\n$/);
});

test('finds nothing in other working set-ups', async () => {
  await checkLayouts(
    stack,
    layouts.filter(({ without }) => without === undefined),
  );
});

const rounds = [...new Set(faults.flatMap(({ round }) => round ?? []))];

test.each(rounds)('finds the faults of %s, which the cures fix', (round) =>
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

  test('finds a name that is missing in the DNS, until the DNS has it', () => name.checkDns());
  // A failure and a warning.
  test.each(certificateFaults.slice(0, 2))('finds a certificate $name', (fault) => name.checkCertificate(fault));
});
