import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';

test("ports are distinct, free, and outside the kernel's range for other programs", async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  expect(new Set(ports).size).toBe(50);
  for (const port of ports) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => server.close(resolve));
  }
  if (process.platform !== 'linux') return;
  const ephemeralStart = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  // If the kernel's range begins this low, no ports are left below the range.
  if (ephemeralStart > 10_000) expect(Math.max(...ports)).toBeLessThan(ephemeralStart);
});
