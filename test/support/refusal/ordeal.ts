import { expect } from 'vitest';
import type { RefusalScene } from './scene.ts';
import type { Way } from './ways.ts';
import { startWitness, type Witness } from './witness.ts';
import { waitUntil } from '../wait-until.ts';

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
export const usualRoutes = { [api]: ['backend-1'], [room]: ['SPA'] };
const moreRoutes = { ...usualRoutes, [api]: ['backend-1', 'backend-2'] };
const unheard = /three signals/;
const unheardByHook = /goes on serving the old one/;

/**
 * Gives nginx something to refuse, and sees that the old routes go on answering, that addresses go on following, that it is told in
 * nginx's words, that a restart comes up, and that what is fixed goes live by itself.
 */
export async function goThrough(scene: RefusalScene, way: Way): Promise<void> {
  await undergo(scene, way, async () => {
    await seeRefused(scene, way);
    await seeFollowingAndRestarting(scene, way);
  });
}

/** The same without more backends and a restart. */
export async function goThroughShortly(scene: RefusalScene, way: Way): Promise<void> {
  await undergo(scene, way, () => seeRefused(scene, way));
}

/** All of them in little time: what needs no preparation comes one straight after the other, and is fixed at the end. */
export async function goThroughAll(scene: RefusalScene, ways: readonly Way[]): Promise<void> {
  const plain = ways.filter(({ prepare: needed }) => needed === undefined);
  await scene.meet.routed(usualRoutes);
  const witness = startWitness(scene.meet, usualRoutes);
  for (const way of plain) {
    await way.break(scene);
    await seeTold(scene, way);
  }
  await expectNothingWrong(witness);
  for (const way of plain.slice(-1)) await seeMended(scene, way);
  for (const way of ways) if (way.prepare !== undefined) await goThroughShortly(scene, way);
}

async function undergo(scene: RefusalScene, way: Way, ordeal: () => Promise<void>): Promise<void> {
  try {
    await prepare(scene, way);
    await ordeal();
    await seeMended(scene, way);
  } finally {
    // Whatever became of it, the next one begins with a scene as it was.
    await way.fix(scene);
    await scene.meet.scale({ backend: 1 });
    await way.leave?.(scene);
  }
}

async function prepare(scene: RefusalScene, way: Way): Promise<void> {
  await way.prepare?.(scene);
  await scene.converged();
  await routedEverywhere(scene, way, usualRoutes);
}

async function seeRefused(scene: RefusalScene, way: Way): Promise<void> {
  const { meet } = scene;
  const witness = startWitness(meet, usualRoutes, frontendsOf(way));
  await way.break(scene);
  await seeTold(scene, way);
  await seeWhatGoesLive(scene, way);
  await expectNothingWrong(witness);
  await scene.settled(way.mark);
}

/** Of one pair of a way and an access it depends on the access: without nginx's words nobody knows which label is at fault. */
async function seeWhatGoesLive(scene: RefusalScene, { leftOut, goesLive, withoutWords, ...way }: Way): Promise<void> {
  if (!scene.access.words && withoutWords !== undefined) {
    const { heldBack, routes } = withoutWords;
    await scene.problem('reload-rejected', new RegExp(`the whole change is held back ${heldBack.replaceAll(/[()]/g, '\\$&')}`));
    await scene.meet.routed(routes);
    return;
  }
  if (leftOut !== undefined) await scene.problem('route-left-out', wordsExpected(scene, way));
  if (goesLive !== undefined) await scene.meet.routed(goesLive);
}

/** In nginx's words, and with the file that it refused. */
async function seeTold(scene: RefusalScene, way: Way): Promise<void> {
  const words = wordsExpected(scene, way);
  await scene.problem('reload-rejected', words);
  // Written behind the routes, which don't wait for that.
  await waitUntil('the rejected file is kept with the words', async () => {
    const rejected = await scene.rejected().catch(() => undefined);
    return rejected !== undefined && rejected.content.includes(way.mark) && words.test(rejected.words);
  });
}

async function expectNothingWrong(witness: Witness): Promise<void> {
  const { asked, wrong } = await witness.stop();
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(0);
}

async function seeFollowingAndRestarting(scene: RefusalScene, way: Way): Promise<void> {
  const { meet } = scene;
  await meet.scale({ backend: 2 });
  await routedEverywhere(scene, way, moreRoutes);
  if (way.endsWithContainer !== true) {
    for (const frontend of frontendsOf(way)) await meet.docker('restart', '--time', '2', meet.container(frontend));
    await routedEverywhere(scene, way, moreRoutes);
    await scene.problem('reload-rejected', wordsExpected(scene, way));
  }
  await meet.scale({ backend: 1 });
  await routedEverywhere(scene, way, usualRoutes);
}

async function seeMended(scene: RefusalScene, way: Way): Promise<void> {
  await way.fix(scene);
  const { problems } = await scene.converged();
  // An older nginx beside a newer one ends a few times before it is given what it can read, which is told for a minute.
  expect(problems.filter(({ code }) => code !== 'crash-loop' || way.frontends === undefined)).toEqual([]);
  await routedEverywhere(scene, way, usualRoutes);
}

function frontendsOf({ frontends = ['frontend-1'] }: Way): readonly string[] {
  return frontends;
}

async function routedEverywhere({ meet }: RefusalScene, way: Way, routes: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (const frontend of frontendsOf(way)) await meet.routed(routes, frontend);
}

/** The hook hears what nginx says in its test, and not what it says to a reload. */
function wordsExpected({ access }: RefusalScene, way: Way): RegExp {
  if (!access.words) return unheard;
  return access.name === 'hook' && way.passesTest === true ? unheardByHook : way.words;
}
