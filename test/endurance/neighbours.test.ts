import { expect, test } from 'vitest';
import { judgeNeighbours } from '../attack/judge-neighbours.ts';

/* The long form of test/attack/neighbours.test.ts. `NEIGHBOUR_SEED` repeats a run. */

test('no container gains another project’s routes in 10,000 neighbourhoods', async () => {
  const seed = Number(process.env['NEIGHBOUR_SEED'] ?? Date.now() % 1_000_000_000);
  const { worlds, kinds, wrong } = await judgeNeighbours(seed, 10_000);
  console.log(`neighbours: NEIGHBOUR_SEED=${seed} ${JSON.stringify({ worlds, kinds, wrong: wrong.length })}`);
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(Object.keys(kinds).length).toBeGreaterThanOrEqual(10);
});
