import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const nsPerMs = 1e6;

/** The CPU time of a process of this machine, all its threads together, in milliseconds (proc(5), schedstat; Linux). */
export function cpuTimeMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / nsPerMs;
}

interface Rest {
  /** The process must be idle for this time. */
  readonly quietMs: number;
  readonly lookEveryMs?: number;
  /** The CPU time between two looks that still counts as idle. A timer without work costs less. */
  readonly hardlyMs?: number;
  readonly limitMs?: number;
}

/**
 * Waits until a process has been idle for `quietMs`.
 * @returns the CPU time of the process, and its last working moment by `performance.now()`
 * @throws Error if the process isn't idle within the limit
 */
export async function waitUntilIdle(
  pid: number,
  { quietMs, lookEveryMs = 5, hardlyMs = 0.3, limitMs = 60_000 }: Rest,
  signal?: AbortSignal,
): Promise<{ readonly cpuMs: number; readonly workedUntilMs: number }> {
  const untilMs = performance.now() + limitMs;
  let cpuMs = cpuTimeMs(pid);
  let workedUntilMs = performance.now();
  while (performance.now() - workedUntilMs < quietMs) {
    if (performance.now() > untilMs) throw new Error(`process ${pid} was not idle within ${limitMs / 1000} s`);
    await sleep(lookEveryMs, undefined, { signal });
    const now = cpuTimeMs(pid);
    if (now - cpuMs > hardlyMs) workedUntilMs = performance.now();
    cpuMs = now;
  }
  return { cpuMs, workedUntilMs };
}
