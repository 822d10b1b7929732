import { expect, test } from 'vitest';
import { containedMeetGen, meetForWalks } from '../../support/chaos/place.ts';
import { takeWalk } from '../../support/chaos/take-walk.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { startMeet } from '../../support/meet-stack.ts';

// Short random walks through changes to a Meet on a running engine: one with a fixed seed, one with a random seed. The
// long walks are in test/endurance/chaos.test.ts. `CHAOS_SEED=7 npx vitest run test/e2e/chaos` repeats a walk.

const steps = Number(process.env['CHAOS_STEPS'] ?? 12);
const given = process.env['CHAOS_SEED'];
const seeds = given === undefined ? [31, Math.floor(Math.random() * 1_000_000)] : [Number(given)];

test.each(seeds)('file, nginx and render agree after random changes (CHAOS_SEED=%i)', async (seed) => {
  const meet = await startMeet(providedEngine(), `chaos-${seed}`, meetForWalks);
  try {
    const report = await takeWalk({ meet, meetGen: containedMeetGen(meet) }, { seed, steps, engine: false });
    expect(report.steps).toBe(steps);
  } finally {
    await meet.down();
  }
});
