import { expect } from 'vitest';
import type { RefusalScene } from './scene.ts';
import type { RefusalCase } from './cases.ts';
import { startWitness, type Witness } from './witness.ts';
import { waitUntil } from '../wait-until.ts';

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
export const usualRoutes = { [api]: ['backend-1'], [room]: ['SPA'] };
const moreRoutes = { ...usualRoutes, [api]: ['backend-1', 'backend-2'] };
const assumedRefusal = /three signals/;
const reportedByHook = /goes on serving the old one/;

/**
 * Gives nginx a configuration to refuse. Checks that the old routes answer, addresses stay current, the problem has
 * nginx's words, a restart works, and the fix goes live automatically.
 */
export async function checkCase(scene: RefusalScene, refusal: RefusalCase): Promise<void> {
  await runTrial(scene, refusal, async () => {
    await expectRefused(scene, refusal);
    await expectUpdatesAndRestarts(scene, refusal);
  });
}

/** Like `checkCase`, but without more backends and without a restart. */
export async function checkCaseShortly(scene: RefusalScene, refusal: RefusalCase): Promise<void> {
  await runTrial(scene, refusal, () => expectRefused(scene, refusal));
}

/** All cases in a short time: cases without preparation follow each other directly, with one fix at the end. */
export async function checkAllCases(scene: RefusalScene, refusalCases: readonly RefusalCase[]): Promise<void> {
  const plain = refusalCases.filter(({ prepare: needed }) => needed === undefined);
  await scene.meet.routed(usualRoutes);
  const witness = startWitness(scene.meet, usualRoutes);
  for (const refusal of plain) {
    await refusal.break(scene);
    await expectReported(scene, refusal);
  }
  await expectNothingWrong(witness);
  for (const refusal of plain.slice(-1)) await expectFixed(scene, refusal);
  for (const refusal of refusalCases) if (refusal.prepare !== undefined) await checkCaseShortly(scene, refusal);
}

async function runTrial(scene: RefusalScene, refusal: RefusalCase, checks: () => Promise<void>): Promise<void> {
  try {
    await prepare(scene, refusal);
    await checks();
    await expectFixed(scene, refusal);
  } finally {
    // The next case needs the initial state, also after a failure.
    await refusal.fix(scene);
    await scene.meet.scale({ backend: 1 });
    await refusal.leave?.(scene);
  }
}

async function prepare(scene: RefusalScene, refusal: RefusalCase): Promise<void> {
  await refusal.prepare?.(scene);
  await scene.converged();
  await routedEverywhere(scene, refusal, usualRoutes);
}

async function expectRefused(scene: RefusalScene, refusal: RefusalCase): Promise<void> {
  const { meet } = scene;
  const witness = startWitness(meet, usualRoutes, frontendsOf(refusal));
  await refusal.break(scene);
  await expectReported(scene, refusal);
  await expectPartLive(scene, refusal);
  await expectNothingWrong(witness);
  await scene.settled(refusal.mark);
}

/** Depends on the access: only nginx's words show which label is at fault. */
async function expectPartLive(scene: RefusalScene, { leftOut, goesLive, withoutWords, ...refusal }: RefusalCase): Promise<void> {
  if (!scene.access.words && withoutWords !== undefined) {
    const { heldBack, routes } = withoutWords;
    await scene.problem('reload-rejected', new RegExp(`the whole change is held back ${heldBack.replaceAll(/[()]/g, '\\$&')}`));
    await scene.meet.routed(routes);
    return;
  }
  if (leftOut !== undefined) await scene.problem('route-left-out', wordsExpected(scene, refusal));
  if (goesLive !== undefined) await scene.meet.routed(goesLive);
}

/** Waits for the problem with nginx's words, and for the copy of the refused file. */
async function expectReported(scene: RefusalScene, refusal: RefusalCase): Promise<void> {
  const words = wordsExpected(scene, refusal);
  await scene.problem('reload-rejected', words);
  // The copy is written later than the routes.
  await waitUntil('the refused file and the words are stored', async () => {
    const rejected = await scene.rejected().catch(() => undefined);
    return rejected !== undefined && rejected.content.includes(refusal.mark) && words.test(rejected.words);
  });
}

async function expectNothingWrong(witness: Witness): Promise<void> {
  const { asked, wrong } = await witness.stop();
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(0);
}

async function expectUpdatesAndRestarts(scene: RefusalScene, refusal: RefusalCase): Promise<void> {
  const { meet } = scene;
  await meet.scale({ backend: 2 });
  await routedEverywhere(scene, refusal, moreRoutes);
  if (refusal.endsWithContainer !== true) {
    for (const frontend of frontendsOf(refusal)) await meet.docker('restart', '--time', '2', meet.container(frontend));
    await routedEverywhere(scene, refusal, moreRoutes);
    await scene.problem('reload-rejected', wordsExpected(scene, refusal));
  }
  await meet.scale({ backend: 1 });
  await routedEverywhere(scene, refusal, usualRoutes);
}

async function expectFixed(scene: RefusalScene, refusal: RefusalCase): Promise<void> {
  await refusal.fix(scene);
  const { problems } = await scene.converged();
  // An older nginx beside a newer one crashes a few times before it gets a readable file; that problem stays a minute.
  expect(problems.filter(({ code }) => code !== 'crash-loop' || refusal.frontends === undefined)).toEqual([]);
  await routedEverywhere(scene, refusal, usualRoutes);
}

function frontendsOf({ frontends = ['frontend-1'] }: RefusalCase): readonly string[] {
  return frontends;
}

async function routedEverywhere(
  { meet }: RefusalScene,
  refusal: RefusalCase,
  routes: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  for (const frontend of frontendsOf(refusal)) await meet.routed(routes, frontend);
}

/** The hook reads nginx's words about its test, but not about a reload. */
function wordsExpected({ access }: RefusalScene, refusal: RefusalCase): RegExp {
  if (!access.words) return assumedRefusal;
  return access.name === 'hook' && refusal.passesTest === true ? reportedByHook : refusal.words;
}
