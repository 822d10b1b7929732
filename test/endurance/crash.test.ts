import { expect } from 'vitest';
import { test } from '../integration/scene.ts';
import { killRepeatedly } from '../support/crash/kill-repeatedly.ts';

const kills = Number(process.env['CRASH_KILLS'] ?? 1000);

/** `CRASH_SEED` takes the same moments again, as far as a machine can. */
test('killed at 1,000 random moments while it publishes: never a torn, empty or unreadable file', async ({ scene }) => {
  const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
  console.log(`crash: CRASH_SEED=${seed}`);
  const deaths = await killRepeatedly(scene, kills, seed);
  console.log(`crash: ${JSON.stringify(deaths)}`);
  expect({ torn: deaths.torn, wrong: deaths.reader.wrong }).toEqual({ torn: 0, wrong: [] });
  expect(deaths.mostCandidates).toBeLessThanOrEqual(1);
  // Otherwise it was killed at other moments than those that this is about.
  expect(deaths.inTheMiddle).toBeGreaterThan(kills / 100);
});
