import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../../support/fake-engine/scene.ts';
import { cpuTimeMs, untilIdle } from '../process-clock.ts';

/** What one change cost, from its event until nothing is left to do. */
export interface ChangeCost {
  /** From the event until the file is there. */
  readonly writtenAfterMs: number;
  /** Of that: what the engine took to answer, from a question's first byte to the answer's last. */
  readonly engineMs: number;
  readonly cpuUntilWrittenMs: number;
  /** With the second look and the proof that it is live. */
  readonly cpuMs: number;
  readonly lists: number;
  readonly listBytes: number;
}

const settledMs = 500;
const writtenWithinMs = 30_000;

/** Makes a change that shows in the scene's own file, and waits until it has been written and everything has come to rest. */
export async function takeChange(scene: Scene, pid: number, change: () => void): Promise<ChangeCost> {
  const { engine } = scene;
  await untilIdle(pid, { quietMs: settledMs });
  const answered = engine.answered.length;
  const before = identity(scene);
  const cpuBefore = cpuTimeMs(pid);
  const fromMs = performance.now();
  change();
  while (identity(scene) === before) {
    if (performance.now() - fromMs > writtenWithinMs) throw new Error(`a change was not published within ${writtenWithinMs} ms`);
    await sleep(1);
  }
  const writtenMs = performance.now();
  const cpuWritten = cpuTimeMs(pid);
  const { cpuMs } = await untilIdle(pid, { quietMs: settledMs });
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

/** Another one whenever the file is written. */
function identity(scene: Scene): string {
  const { ino, mtimeMs } = statSync(scene.file());
  return `${ino} ${mtimeMs}`;
}
