import { expect, test } from 'vitest';
import { judgeNeighbours } from './judge-neighbours.ts';

// test/endurance/neighbours.test.ts is the long form.

const seed = Number(process.env['NEIGHBOUR_SEED'] ?? Math.floor(Math.random() * 1_000_000));

test(`containers of other projects change nothing of a Meet, in 600 generated worlds (NEIGHBOUR_SEED=${seed})`, async () => {
  const { wrong, kinds } = await judgeNeighbours(seed, 600);
  expect(wrong.slice(0, 20)).toEqual([]);
  // Each kind appeared: five ways to know, or not to know, the owner, in both modes.
  expect(Object.keys(kinds).length).toBeGreaterThanOrEqual(9);
});
