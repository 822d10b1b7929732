import { expect, test } from 'vitest';
import { judgeNeighbours } from './judge-neighbours.ts';

// The long form is test/endurance/neighbours.test.ts.

const seed = Number(process.env['NEIGHBOUR_SEED'] ?? Math.floor(Math.random() * 1_000_000));

test(`in 600 neighbourhoods nobody gains what is another's (NEIGHBOUR_SEED=${seed})`, async () => {
  const { wrong, kinds } = await judgeNeighbours(seed, 600);
  expect(wrong.slice(0, 20)).toEqual([]);
  // Each kind came: five ways to know, or not to know, the owner, in both modes.
  expect(Object.keys(kinds).length).toBeGreaterThanOrEqual(9);
});
