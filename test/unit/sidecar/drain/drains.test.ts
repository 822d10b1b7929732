import { describe, expect, it } from 'vitest';
import { createDrains } from '../../../../src/sidecar/drain/drains.ts';
import type { Drains } from '../../../../src/sidecar/drain/drains.ts';
import { backend } from '../../../support/containers.ts';

const one = backend({ name: 'one' });
const two = backend({ name: 'two' });

function drained(drains: Drains, containers = [one, two]): readonly string[] {
  const notes = drains.notesFor(containers);
  return containers.filter(({ id }) => notes.get(id)?.drained === true).map(({ name }) => name);
}

describe('drained containers', () => {
  it('are kept for the next process', () => {
    let kept = '';
    const drains = createDrains((text) => (kept = text));
    expect(drains.mark([one.id], 1000)).toBe(true);
    const next = createDrains(() => undefined);
    next.load(kept);
    expect(drained(next)).toEqual(['one']);
    drains.cancel([one.id]);
    const last = createDrains(() => undefined);
    last.load(kept);
    expect(drained(last)).toEqual([]);
  });

  it('are marked once', () => {
    const saved: string[] = [];
    const drains = createDrains((text) => void saved.push(text));
    drains.mark([one.id], 1000);
    expect(drains.mark([one.id], 2000)).toBe(false);
    drains.cancel([two.id]);
    expect(saved).toHaveLength(1);
  });

  it('are forgotten when they start or end later, but not by older events', () => {
    const drains = createDrains(() => undefined);
    drains.mark([one.id], 1000);
    drains.restarted(one.id, 999);
    drains.restarted(two.id, 2000);
    expect(drained(drains)).toEqual(['one']);
    drains.restarted(one.id, 2000);
    expect(drained(drains)).toEqual([]);
  });

  it('are forgotten when a list lacks them or shows them exited, but not paused', () => {
    const drains = createDrains(() => undefined);
    drains.mark([one.id, two.id], 1000);
    expect(drained(drains, [{ ...one, state: 'paused' }])).toEqual(['one']);
    expect(drained(drains)).toEqual(['one']);
    drains.notesFor([{ ...one, state: 'exited' }]);
    expect(drained(drains)).toEqual([]);
  });

  it('are out from the first proof of all frontends until they are needed again', () => {
    const drains = createDrains(() => undefined);
    expect(drains.noteOut(one.id, true, true, 500)).toBeUndefined();
    drains.mark([one.id], 1000);
    expect(drains.noteOut(one.id, true, false, 1100)).toBeUndefined();
    expect(drains.noteOut(one.id, true, true, 1200)).toBe(1200);
    expect(drains.noteOut(one.id, true, false, 1300)).toBe(1200);
    expect(drains.noteOut(one.id, false, true, 1400)).toBeUndefined();
    expect(drains.noteOut(one.id, true, true, 1500)).toBe(1500);
  });

  it('are not read from a file with other values', () => {
    const drains = createDrains(() => undefined);
    drains.load(JSON.stringify({ [one.id]: 'yes', [two.id]: null }));
    expect(drained(drains)).toEqual([]);
    expect(() => drains.load('{')).toThrow();
  });
});
