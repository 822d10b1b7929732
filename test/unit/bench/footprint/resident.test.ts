import { expect, test } from 'vitest';
import { processReader } from '../../../bench/footprint/resident.ts';

test('the memory of a process is what it says itself that it holds', async () => {
  const { wholeMB, ownMB } = await processReader(process.pid)();
  const saidMB = process.memoryUsage.rss() / 1e6;
  expect(wholeMB / saidMB).toBeGreaterThan(0.8);
  expect(wholeMB / saidMB).toBeLessThan(1.25);
  expect(ownMB).toBeGreaterThan(0);
  expect(ownMB).toBeLessThan(wholeMB);
});
