import { afterAll, beforeAll, expect, test } from 'vitest';
import { containedMeetGen, meetForWalks } from '../../support/chaos/place.ts';
import { takeWalk } from '../../support/chaos/take-walk.ts';
import { providedEngine } from '../../support/engine/provided.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';

// A short random walk through everything that can happen to a Meet on an engine that goes on running. The long ones are
// in test/endurance/chaos.test.ts. `CHAOS_SEED=7 npx vitest run test/e2e/chaos` takes the same walk again.

const steps = 25;
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1_000_000));

let meet: MeetStack;

beforeAll(async () => {
  meet = await startMeet(providedEngine(), 'chaos', meetForWalks);
});
afterAll(() => meet?.down());

test(`whatever happens, file, nginx and render agree when it is quiet (CHAOS_SEED=${seed})`, async () => {
  const report = await takeWalk({ meet, meetGen: containedMeetGen(meet), down: meet.down }, { seed, steps, engine: false });
  expect(report.steps).toBe(steps);
});
