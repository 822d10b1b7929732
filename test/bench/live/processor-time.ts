import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuTimeMs } from '../process-clock.ts';

const tickMs = 10;

/** As `cpuTimeMs`, by the kernel's ticks, with the threads that have ended: for an engine, which has many. */
export function tickedTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

const lookEveryMs = 100;
const idleBelowMs = 1;
const limitMs = 60_000;

/**
 * Waits until a process has nothing to do any more, whatever it is: twice in a row no processor time worth the name.
 * @throws Error when it never comes to rest
 */
export async function untilIdle(pid: number, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + limitMs;
  let before = cpuTimeMs(pid);
  for (let idle = 0; idle < 2;) {
    await pause(lookEveryMs, undefined, { signal });
    const now = cpuTimeMs(pid);
    idle = now - before < idleBelowMs ? idle + 1 : 0;
    before = now;
    if (performance.now() > untilMs) throw new Error(`process ${pid} has not come to rest within ${limitMs / 1000} s`);
  }
}
