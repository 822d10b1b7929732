import type { Note } from './container.ts';
import { replicasOf } from './in-rotation.ts';
import type { Instance } from './instance.ts';

/**
 * The containers in rotation after the last pass, and when a container that still exists left it. Times in milliseconds
 * since 1970.
 */
export interface RotationHistory {
  readonly inRotation: ReadonlySet<string>;
  readonly leftAtMs: ReadonlyMap<string, number>;
}

/**
 * For this time a replica that left the rotation decides no labels. It can leave once a minute, so routes change twice
 * at most.
 */
const recentForMs = 60_000;

export const noHistory: RotationHistory = { inRotation: new Set(), leftAtMs: new Map() };

/** The history after a pass with these instances. */
export function historyAfter(before: RotationHistory, instances: readonly Instance[], nowMs: number): RotationHistory {
  const leftAtMs = new Map<string, number>();
  const inRotation = new Set<string>();
  for (const { container, inRotation: isIn } of replicasOf(instances)) {
    if (isIn) inRotation.add(container.id);
    const atMs = before.inRotation.has(container.id) && !isIn ? nowMs : before.leftAtMs.get(container.id);
    if (atMs !== undefined && isRecent(atMs, nowMs)) leftAtMs.set(container.id, atMs);
  }
  return { inRotation, leftAtMs };
}

/** The notes of the history that count now. */
export function notesOfHistory({ leftAtMs }: RotationHistory, nowMs: number): ReadonlyMap<string, Note> {
  return new Map([...leftAtMs].flatMap(([id, atMs]) => (isRecent(atMs, nowMs) ? [[id, { leftAtMs: atMs }]] : [])));
}

/** The next time at which the history changes without an event; undefined if it stays. */
export function historyChangesAtMs({ leftAtMs }: RotationHistory, nowMs: number): number | undefined {
  const coming = [...leftAtMs.values()].map((atMs) => atMs + recentForMs).filter((atMs) => atMs > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

function isRecent(leftAtMs: number, nowMs: number): boolean {
  return nowMs - leftAtMs < recentForMs;
}
