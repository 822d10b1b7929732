import { expect } from 'vitest';
import { waitUntil } from '../wait-until.ts';
import type { DoctorSays, DoctorStack } from './doctor-stack.ts';
import type { Fault } from './faults.ts';

const limitMs = 60_000;

/** Makes a fault in a Meet that is well, has the doctor find exactly it, mends it as the cure says, and has the doctor find nothing. */
export async function undergo(stack: DoctorStack, fault: Fault): Promise<void> {
  let isTakenBack = false;
  const takeBack = async (): Promise<void> => {
    if (isTakenBack) return;
    isTakenBack = true;
    await fault.restore?.(stack);
    await stack.change('services: {}', fault.services);
  };
  try {
    if (fault.change !== undefined) await stack.change(fault.change(stack), fault.services);
    await fault.make?.(stack);
    const says = await saysExactly(stack, fault.finds);
    for (const { what, why, cure } of says.findings) {
      expect(what).toMatch(fault.what);
      expect([why, cure]).not.toContain('');
    }
    expect(says.code).toBe(says.summary.failures > 0 ? 7 : 0);
    const cause = says.findings.find(({ check }) => check === fault.finds[0]?.split(' ')[0]);
    if (fault.mend === 'paste') await stack.paste(cause?.paste ?? []);
    else await takeBack();
    await saysExactly(stack, []);
  } finally {
    await takeBack();
  }
}

/** Asks until the doctor finds just this: a container needs a moment to start, a health check another. */
export async function saysExactly(stack: DoctorStack, expected: readonly string[], args: readonly string[] = []): Promise<DoctorSays> {
  let last: DoctorSays | undefined;
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
