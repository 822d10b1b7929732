import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { cpuTimeMs, waitUntilIdle } from '../../bench/process-clock.ts';

const burnMs = 60;

test('the CPU time of a process agrees with its own measurement', () => {
  const before = cpuTimeMs(process.pid);
  const started = process.cpuUsage();
  const used = (): number => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1000;
  };
  while (used() < burnMs);
  // The kernel counts CPU time in clock ticks.
  expect(cpuTimeMs(process.pid) - before).toBeGreaterThan(burnMs / 2);
});

test('a process that sleeps is idle, with the CPU time that it used before', async () => {
  const program = `const until = process.cpuUsage().user + ${burnMs * 1000}; while (process.cpuUsage().user < until); console.log('done'); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const pid = child.pid ?? 0;
    await once(child.stdout, 'data');
    const { cpuMs } = await waitUntilIdle(pid, { quietMs: 100 });
    expect(cpuMs).toBeGreaterThan(burnMs / 2);
    expect(cpuTimeMs(pid) - cpuMs).toBeLessThan(burnMs);
  } finally {
    child.kill('SIGKILL');
  }
});

test('the wait for a process that is never idle fails', async () => {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    await expect(waitUntilIdle(child.pid ?? 0, { quietMs: 60_000, limitMs: 50 })).rejects.toThrow('was not idle');
  } finally {
    child.kill('SIGKILL');
  }
});
