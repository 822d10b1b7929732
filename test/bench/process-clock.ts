import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const nsPerMs = 1e6;
const lookEveryMs = 5;

/** The CPU time of a process of this machine, all its threads together, in milliseconds (proc(5), schedstat; Linux). */
export function cpuTimeMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / nsPerMs;
}

/**
 * Waits until a process has hardly done anything for so long.
 * @returns its CPU time then, and when it was last seen working, as of `performance.now()`
 */
export async function untilIdle(pid: number, quietMs: number): Promise<{ readonly cpuMs: number; readonly workedUntilMs: number }> {
  let cpuMs = cpuTimeMs(pid);
  let workedUntilMs = performance.now();
  while (performance.now() - workedUntilMs < quietMs) {
    await sleep(lookEveryMs);
    const now = cpuTimeMs(pid);
    if (now - cpuMs > hardlyMs) workedUntilMs = performance.now();
    cpuMs = now;
  }
  return { cpuMs, workedUntilMs };
}

/** A timer that finds nothing to do costs less. */
const hardlyMs = 0.3;
