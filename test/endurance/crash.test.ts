import { expect } from 'vitest';
import { test } from '../integration/scene.ts';
import { killRepeatedly } from '../support/crash/kill-repeatedly.ts';

const kills = Number(process.env['CRASH_KILLS'] ?? 1000);

/** `CRASH_SEED` repeats the moments of a run, as far as the machine allows. */
test('leaves no torn, empty or unreadable file when it is killed at 1,000 random moments', async ({ scene }) => {
  const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
  console.log(`crash: CRASH_SEED=${seed}`);
  const deaths = await killRepeatedly(scene, kills, seed);
  console.log(`crash: ${JSON.stringify(deaths)}`);
  expect({ torn: deaths.torn, wrong: deaths.reader.wrong }).toEqual({ torn: 0, wrong: [] });
  expect(deaths.mostCandidates).toBeLessThanOrEqual(1);
  // Else too few kills came during a write.
  expect(deaths.inTheMiddle).toBeGreaterThan(kills / 100);
});
