import { readFileSync } from 'node:fs';
import { waitUntilIdle } from '../process-clock.ts';

const tickMs = 10;

/** As `cpuTimeMs`, but in ticks of 10 ms and including ended threads. An engine ends many threads. */
export function tickedTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Waits until a contender is idle. */
export async function waitForContender(pid: number, signal: AbortSignal): Promise<void> {
  await waitUntilIdle(pid, { quietMs: 200, lookEveryMs: 100, hardlyMs: 1 }, signal);
}
