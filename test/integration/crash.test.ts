import { expect } from 'vitest';
import { killRepeatedly } from '../support/crash/kill-repeatedly.ts';
import { test } from './scene.ts';

/** The short form of test/endurance/crash.test.ts. */
test('leaves no torn, empty or unreadable file if killed 12 times while publishing, and goes on at each start', async ({ scene }) => {
  const { kills, mostCandidates, torn, reader } = await killRepeatedly(scene, 12, 4);
  expect(kills).toBe(12);
  expect({ torn, wrong: reader.wrong }).toEqual({ torn: 0, wrong: [] });
  expect(mostCandidates).toBeLessThanOrEqual(1);
  expect(reader.reads).toBeGreaterThan(100);
  expect(reader.files).toBeGreaterThan(5);
});
