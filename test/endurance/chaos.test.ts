import { afterAll, beforeAll, expect, test } from 'vitest';
import { containedMeetGen, hostedMeetGen, meetForWalks, type Place } from '../support/chaos/place.ts';
import { takeWalk, type WalkReport } from '../support/chaos/take-walk.ts';
import { startBreakableEngine, type BreakableEngine } from '../providers/engine/breakable-engine.ts';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { startHostedMeet } from '../support/host-meet-gen.ts';
import { provideMeetGenImage, startMeet } from '../support/meet-stack.ts';

// Random walks through changes to a Meet, including the end of its engine, on the test's own engine.
// `CHAOS_SEED=7 CHAOS_STEPS=40 npx vitest run --project endurance test/endurance/chaos.test.ts` repeats a walk.

const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const steps = Number(process.env['CHAOS_STEPS'] ?? 300);
/** Half of the steps are for a meet-gen that ends with the engine, half for a meet-gen outside of the engine. */
const stepsOfEach = Math.ceil(steps / 2);
/** From the end of a round until every check has passed. The checks take most of this time. */
const quietLimitMs = 10_000;

let engine: BreakableEngine;

beforeAll(async () => {
  const shared = providedEngine();
  const { frontend, backend, idle } = providedImages();
  engine = await startBreakableEngine(shared, [frontend['1.30'], backend, idle, await provideMeetGenImage(shared)]);
});
afterAll(() => engine?.stop());

async function walk(place: Place): Promise<void> {
  const report = await takeWalk(place, { seed, steps: stepsOfEach, engine: true });
  printReport(report);
  expect(report.steps).toBe(stepsOfEach);
  expect(Math.max(...report.quietAfterMs)).toBeLessThan(quietLimitMs);
}

function printReport({ steps: taken, quietAfterMs }: WalkReport): void {
  const sorted = quietAfterMs.toSorted((left, right) => left - right);
  const [median, longest] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  console.log(
    `CHAOS_SEED=${seed}: ${taken} steps, ${sorted.length} quiet points; right after ${median} ms (median), ${longest} ms (longest)`,
  );
}

test(`follows in a container that ends with the engine (CHAOS_SEED=${seed})`, async () => {
  const meet = await startMeet(engine, 'walk', meetForWalks);
  await walk({ meet, meetGen: containedMeetGen(meet), engine });
  await meet.down();
});

test(`follows outside of the engine, during its restarts (CHAOS_SEED=${seed})`, async () => {
  const { 'meet-gen': _, ...services } = meetForWalks.services ?? {};
  const hosted = await startHostedMeet(engine, 'hosted', { ...meetForWalks, services });
  try {
    await walk({ meet: hosted.meet, meetGen: hostedMeetGen(hosted), engine });
  } finally {
    await hosted.stop();
  }
});
