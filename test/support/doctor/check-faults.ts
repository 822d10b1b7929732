import { expect } from 'vitest';
import { waitUntil } from '../wait-until.ts';
import type { DoctorReport, DoctorStack } from './doctor-stack.ts';
import type { Fault } from './faults.ts';

const limitMs = 60_000;

/**
 * Makes all faults at once in a Meet without faults, and checks that the doctor finds exactly these. Fixes each by
 * following its cure, and checks that the doctor finds nothing. Faults that are made together must be in separate
 * services.
 */
export async function checkFaults(stack: DoctorStack, faults: readonly Fault[]): Promise<void> {
  const services = [...new Set(faults.flatMap((fault) => fault.services))];
  let isTakenBack = false;
  const takeBack = async (): Promise<void> => {
    if (isTakenBack) return;
    isTakenBack = true;
    for (const fault of faults) await fault.restore?.(stack);
    await stack.change([], services);
  };
  try {
    const changes = faults.flatMap(({ change }) => change?.(stack) ?? []);
    if (changes.length > 0) await stack.change(changes, services);
    for (const fault of faults) await fault.make?.(stack);
    const report = await waitForFindings(stack, findsOf(faults));
    expect(report.code).toBe(report.summary.failures > 0 ? 7 : 0);
    for (const fault of faults) {
      const checks = fault.finds.map((line) => line.split(' ')[0] ?? '');
      const own = report.findings.filter(({ check }) => checks.includes(check));
      for (const { what, why, cure } of own) {
        expect(what).toMatch(fault.what);
        expect([why, cure]).not.toContain('');
      }
      if (fault.fix === 'paste') await stack.paste(own.find(({ check }) => check === checks[0])?.paste ?? []);
    }
    const unpasted = faults.filter(({ fix }) => fix === 'undo');
    if (unpasted.length < faults.length) await waitForFindings(stack, findsOf(unpasted));
    if (unpasted.length === 0) return;
    await takeBack();
    await waitForFindings(stack, []);
  } finally {
    await takeBack();
  }
}

function findsOf(faults: readonly Fault[]): readonly string[] {
  return faults.flatMap(({ finds }) => finds);
}

/** Repeats the doctor until it finds exactly this: containers and health checks need a moment. */
export async function waitForFindings(
  stack: DoctorStack,
  expected: readonly string[],
  args: readonly string[] = [],
): Promise<DoctorReport> {
  let last: DoctorReport | undefined;
  return waitUntil(
    `the doctor finds ${expected.join('; ') || 'nothing'}`,
    async () => {
      last = await stack.doctor(args);
      const found = last.findings.map(
        ({ check, severity, containers }) => `${check} ${severity} ${containers.map(stack.serviceOf).join(' ')}`,
      );
      return found.toSorted().join('\n') === expected.toSorted().join('\n') && last;
    },
    limitMs,
    () => JSON.stringify({ ...last, ok: undefined }, undefined, 1),
  );
}
