import { expect } from 'vitest';
import { runLabel } from '../../providers/engine/test-run.ts';
import { lookOutFor } from './lookouts.ts';
import { usualRoutes } from './check-case.ts';
import { refused, refusedMark } from './restarts.ts';
import type { RefusalScene } from './scene.ts';

const words = /no_such_directive|three signals/;

/**
 * Kills meet-gen while a template is refused: the next process doesn't try that template again. It has no other template,
 * so the published file stays unchanged until nginx accepts a new template.
 */
export async function killWhileRefused(scene: RefusalScene): Promise<void> {
  const { meet } = scene;
  await scene.converged();
  await scene.editTemplate(refused);
  await scene.problem('reload-rejected', words);
  await scene.settled(refusedMark);
  const lookout = await lookOutFor(meet, refusedMark);
  await meet.docker('kill', '--signal', 'KILL', meet.container('meet-gen-1'));
  await meet.scale({ backend: 2 });
  await meet.docker('start', meet.container('meet-gen-1'));
  await scene.problem('reload-rejected', words);
  await meet.routed(usualRoutes);
  const { looks, sightings } = await lookout.counts();
  expect(looks).toBeGreaterThan(0);
  expect(sightings).toBe(0);
  await scene.editTemplate('# fixed\n');
  await meet.routed({ ...usualRoutes, '/api/v1.0/config/': ['backend-1', 'backend-2'] });
  await meet.scale({ backend: 1 });
  expect((await scene.converged()).problems).toEqual([]);
  await meet.routed(usualRoutes);
}

/** Breaks the stored state, or gives it another format: that costs one test, without an effect on users. */
export async function loseMemory(scene: RefusalScene, kept: string): Promise<void> {
  const { meet } = scene;
  await scene.converged();
  const before = { file: await meet.fileIdentity(), hups: await meet.countHups() };
  await restartWith(scene, kept);
  await scene.converged();
  await meet.routed(usualRoutes);
  expect({ file: await meet.fileIdentity(), hups: await meet.countHups() }).toEqual(before);
}

/** The same during a refusal, with tests: nginx refuses the change again, and it is never published. */
export async function loseMemoryWhileRefused(scene: RefusalScene): Promise<void> {
  const { meet } = scene;
  await scene.converged();
  const lookout = await lookOutFor(meet, refusedMark);
  await scene.editTemplate(refused);
  await scene.problem('reload-rejected', words);
  await restartWith(scene, 'rubbish');
  await scene.problem('reload-rejected', words);
  await meet.routed(usualRoutes);
  expect((await lookout.counts()).sightings).toBe(0);
  await scene.editTemplate('# fixed\n');
  expect((await scene.converged()).problems).toEqual([]);
}

async function restartWith({ meet }: RefusalScene, kept: string): Promise<void> {
  await meet.docker('stop', '--time', '3', meet.container('meet-gen-1'));
  const encoded = Buffer.from(kept).toString('base64');
  const place = ['--user', '0', '--network', 'none', '--volume', `${meet.project}_routing:/routing`];
  const write = ['--entrypoint', 'sh', 'meet-gen-test/idle:latest', '-c', `echo ${encoded} | base64 -d > /routing/.editions.json`];
  await meet.docker('run', '--rm', '--label', runLabel, ...place, ...write);
  await meet.docker('start', meet.container('meet-gen-1'));
}
