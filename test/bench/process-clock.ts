import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const nsPerMs = 1e6;

/** The CPU time of a process of this machine, all its threads together, in milliseconds (proc(5), schedstat; Linux). */
export function cpuTimeMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / nsPerMs;
}

interface Rest {
  /** For so long it has to have done hardly anything. */
  readonly quietMs: number;
  readonly lookEveryMs?: number;
  /** What counts as hardly anything between two looks: a timer that finds nothing to do costs less. */
  readonly hardlyMs?: number;
  readonly limitMs?: number;
}

/**
 * Waits until a process has hardly done anything for so long.
 * @returns its CPU time then, and when it was last seen working, as of `performance.now()`
 * @throws Error when it does not come to rest within the limit
 */
export async function untilIdle(
  pid: number,
  { quietMs, lookEveryMs = 5, hardlyMs = 0.3, limitMs = 60_000 }: Rest,
  signal?: AbortSignal,
): Promise<{ readonly cpuMs: number; readonly workedUntilMs: number }> {
  const untilMs = performance.now() + limitMs;
  let cpuMs = cpuTimeMs(pid);
  let workedUntilMs = performance.now();
  while (performance.now() - workedUntilMs < quietMs) {
    if (performance.now() > untilMs) throw new Error(`process ${pid} has not come to rest within ${limitMs / 1000} s`);
    await sleep(lookEveryMs, undefined, { signal });
    const now = cpuTimeMs(pid);
    if (now - cpuMs > hardlyMs) workedUntilMs = performance.now();
    cpuMs = now;
  }
  return { cpuMs, workedUntilMs };
}
