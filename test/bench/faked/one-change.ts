import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../../support/fake-engine/scene.ts';
import { cpuTimeMs, waitUntilIdle } from '../process-clock.ts';

/** The cost of one change, from its event until meet-gen is idle. */
export interface ChangeCost {
  /** From the event until the file is written. */
  readonly writtenAfterMs: number;
  /** The engine's share of that time: from a request's first byte to the answer's last byte. */
  readonly engineMs: number;
  readonly cpuUntilWrittenMs: number;
  /** Includes the second look, and the proof that the file is live. */
  readonly cpuMs: number;
  readonly lists: number;
  readonly listBytes: number;
}

const settledMs = 500;
const writtenWithinMs = 30_000;

/** Makes a change that shows in the scene's own file, and waits until the file is written and meet-gen is idle. */
export async function takeChange(scene: Scene, pid: number, change: () => void): Promise<ChangeCost> {
  const { engine } = scene;
  await waitUntilIdle(pid, { quietMs: settledMs });
  const answered = engine.answered.length;
  const before = identity(scene);
  const cpuBefore = cpuTimeMs(pid);
  const fromMs = performance.now();
  change();
  while (identity(scene) === before) {
    if (performance.now() - fromMs > writtenWithinMs) throw new Error(`meet-gen did not publish a change within ${writtenWithinMs} ms`);
    await sleep(1);
  }
  const writtenMs = performance.now();
  const cpuWritten = cpuTimeMs(pid);
  const { cpuMs } = await waitUntilIdle(pid, { quietMs: settledMs });
  const lists = engine.answered.slice(answered).filter(({ path }) => path === '/containers/json');
  return {
    writtenAfterMs: writtenMs - fromMs,
    engineMs: lists.filter(({ untilMs }) => untilMs <= writtenMs).reduce((sum, list) => sum + list.untilMs - list.fromMs, 0),
    cpuUntilWrittenMs: cpuWritten - cpuBefore,
    cpuMs: cpuMs - cpuBefore,
    lists: lists.length,
    listBytes: lists.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Differs after each write of the file. */
function identity(scene: Scene): string {
  const { ino, mtimeMs } = statSync(scene.file());
  return `${ino} ${mtimeMs}`;
}
