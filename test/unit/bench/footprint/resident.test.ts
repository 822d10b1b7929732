import { expect, test } from 'vitest';
import { processReader } from '../../../bench/footprint/resident.ts';

test('the memory of a process agrees with its own measurement', async () => {
  const { wholeMB, ownMB } = await processReader(process.pid)();
  const rssMB = process.memoryUsage.rss() / 1e6;
  expect(wholeMB / rssMB).toBeGreaterThan(0.8);
  expect(wholeMB / rssMB).toBeLessThan(1.25);
  expect(ownMB).toBeGreaterThan(0);
  expect(ownMB).toBeLessThan(wholeMB);
});
