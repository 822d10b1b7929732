import { readFileSync } from 'node:fs';
import { untilIdle } from '../process-clock.ts';

const tickMs = 10;

/** As `cpuTimeMs`, by the kernel's ticks, with the threads that have ended: for an engine, which has many. */
export function tickedTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Waits until a contender has nothing to do any more, whatever it is. */
export async function untilAtRest(pid: number, signal: AbortSignal): Promise<void> {
  await untilIdle(pid, { quietMs: 200, lookEveryMs: 100, hardlyMs: 1 }, signal);
}
