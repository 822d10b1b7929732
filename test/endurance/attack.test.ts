import { afterAll, beforeAll, expect, test } from 'vitest';
import { notAllowed } from '../attack/allowed-directives.ts';
import { filesOfPairs } from '../attack/label-pairs.ts';
import { acceptedByNginx, acceptedTogether, bothNginx } from '../e2e/nginx/nginx-verdict.ts';
import { takeSets, takeTextsByHand } from '../attack/take-sets.ts';
import type { NginxChecker } from '../support/nginx-check.ts';
import { parseNginx } from '../support/nginx-parse.ts';

/* The long form of test/attack. `ATTACK_SEED` repeats the sets of a run, `ATTACK_SETS` sets their number. */

const sets = Number(process.env['ATTACK_SETS'] ?? 100_000);
const filesAtOnce = 1000;

let checkers: readonly NginxChecker[];
beforeAll(async () => {
  checkers = await bothNginx();
});
afterAll(async () => {
  await Promise.all(checkers.map((checker) => checker.close()));
});

test('100,000 generated sets of hostile containers affect no other container, and both nginx accept every file', async () => {
  const seed = Number(process.env['ATTACK_SEED'] ?? Date.now() % 1_000_000_000);
  console.log(`attack: ATTACK_SEED=${seed}`);
  const startMs = performance.now();
  let waiting: readonly string[] = [];
  const taken = await takeSets(sets, seed, async (files, so) => {
    waiting = [...waiting, ...files];
    if (waiting.length < filesAtOnce && so.sets < sets) return;
    await acceptedTogether(checkers, waiting);
    waiting = [];
    console.log(`attack: ${JSON.stringify(so)}`);
  });
  console.log(`attack: ${JSON.stringify(taken)} in ${Math.round((performance.now() - startMs) / 1000)} s`);
  expect(taken.sets).toBe(sets);
});

test('both nginx accept every file with texts made by hand in every place', async () => {
  await acceptedTogether(checkers, await takeTextsByHand());
});

test('both nginx accept every file with two labels of a frontend and two of a service', async () => {
  const files = await filesOfPairs();
  for (const file of files) expect(notAllowed(parseNginx(file))).toEqual([]);
  await acceptedByNginx(checkers, files);
  console.log(`attack: ${files.length} files of pairs of labels`);
});
