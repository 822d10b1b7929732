import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkTable } from '../../src/doctor/check-table.ts';
import { certificateFaults, startPublicName, type PublicName } from '../support/doctor/certificate-faults.ts';
import { startDoctorStack, type DoctorStack } from '../support/doctor/doctor-stack.ts';
import { faults } from '../support/doctor/faults.ts';
import { checkLayouts, layouts } from '../support/doctor/layouts.ts';
import { waitForFindings, checkFaults } from '../support/doctor/check-faults.ts';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';

let stack: DoctorStack;

beforeAll(async () => {
  stack = await startDoctorStack(providedEngine(), providedImages(), 'doctor-all');
});
afterAll(() => stack?.remove());

test('a fault on the real engine shows every check', () => {
  // e2e/doctor/doctor.test.ts has these, with a DNS server.
  const elsewhere = ['dns', 'tls'];
  const made = new Set(faults.flatMap(({ finds }) => finds.map((line) => line.split(' ')[0])));
  expect(checkTable.map(({ id }) => id).filter((id) => !made.has(id))).toEqual(elsewhere);
});

test('the hardened example is healthy too', async () => {
  const hardened = await startDoctorStack(providedEngine(), providedImages(), 'doctor-hardened', true);
  try {
    expect(await waitForFindings(hardened, [])).toMatchObject({ code: 0 });
  } finally {
    await hardened.remove();
  }
});

for (const layout of layouts) {
  test(`${layout.name}: reports no finding`, () => checkLayouts(stack, [layout]));
}

for (const fault of faults) {
  test(`${fault.name}: reports the fault until its cure has fixed it`, () => checkFaults(stack, [fault]));
}

describe('names and certificates', () => {
  let name: PublicName;
  beforeAll(async () => {
    name = await startPublicName(providedEngine(), providedImages().idle, stack);
  });
  afterAll(() => name?.remove());

  test.each(certificateFaults)('a certificate $name', (fault) => name.checkCertificate(fault));
});
