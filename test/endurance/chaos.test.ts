import { afterAll, beforeAll, expect, test } from 'vitest';
import { containedMeetGen, hostedMeetGen, meetForWalks, type Place } from '../support/chaos/place.ts';
import { takeWalk, type WalkReport } from '../support/chaos/take-walk.ts';
import { startBreakableEngine, type BreakableEngine } from '../providers/engine/breakable-engine.ts';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { startHostedMeet } from '../support/host-meet-gen.ts';
import { provideMeetGenImage, startMeet } from '../support/meet-stack.ts';

// Random walks through everything that can happen to a Meet, the end of its engine included, on an engine of the test's
// own. `CHAOS_SEED=7 CHAOS_STEPS=40 npx vitest run --project endurance test/endurance/chaos.test.ts` takes the same again.

const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const steps = Number(process.env['CHAOS_STEPS'] ?? 300);
/** Half of what happens, happens to a meet-gen that dies with the engine, half to one that outlives it. */
const halfOfThem = Math.ceil(steps / 2);
/** From the end of a round until everything is judged right; judging alone takes most of it. */
const quietLimitMs = 10_000;

let engine: BreakableEngine;

beforeAll(async () => {
  const shared = providedEngine();
  const { frontend, backend, idle } = providedImages();
  engine = await startBreakableEngine(shared, [frontend['1.30'], backend, idle, await provideMeetGenImage(shared)]);
});
afterAll(() => engine?.stop());

async function walk(place: Place): Promise<void> {
  const report = await takeWalk(place, { seed, steps: halfOfThem, engine: true });
  tell(report);
  expect(report.steps).toBe(halfOfThem);
  expect(Math.max(...report.quietAfterMs)).toBeLessThan(quietLimitMs);
}

function tell({ steps: taken, quietAfterMs }: WalkReport): void {
  const sorted = quietAfterMs.toSorted((left, right) => left - right);
  const [median, longest] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  console.log(
    `CHAOS_SEED=${seed}: ${taken} steps, ${sorted.length} quiet points; judged right after ${median} ms (median), ${longest} ms (longest)`,
  );
}

test(`meet-gen in a container that dies with the engine (CHAOS_SEED=${seed})`, async () => {
  const meet = await startMeet(engine, 'walk', meetForWalks);
  await walk({ meet, meetGen: containedMeetGen(meet), engine });
  await meet.down();
});

test(`meet-gen beside the engine, outliving it (CHAOS_SEED=${seed})`, async () => {
  const { 'meet-gen': _, ...services } = meetForWalks.services ?? {};
  const hosted = await startHostedMeet(engine, 'hosted', { ...meetForWalks, services });
  try {
    await walk({ meet: hosted.meet, meetGen: hostedMeetGen(hosted), engine });
  } finally {
    await hosted.stop();
  }
});
