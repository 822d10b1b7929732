import { expect } from 'vitest';
import type { Engine } from '../../providers/engine/docker-command.ts';
import { runLabel } from '../../providers/engine/test-run.ts';
import { crashAtSightOf, lookOutFor } from './lookouts.ts';
import { usualRoutes } from './check-case.ts';
import type { RefusalScene } from './scene.ts';

export const refusedMark = '# this is refused';
export const refused = `${refusedMark}\nno_such_directive on;\n`;
const refusalMessage = /no_such_directive|three signals|crashed/;

/**
 * Crashes a frontend at the moment of a refused change. As the contract's table promises, it restarts immediately if
 * changes are tested first, else after the rollback.
 */
export async function crashDuringChange(engine: Engine, scene: RefusalScene): Promise<void> {
  const { meet, access } = scene;
  await scene.converged();
  await meet.routed(usualRoutes);
  const restarts = async (): Promise<number> => Number(await meet.inspect('frontend-1', '{{.RestartCount}}'));
  const before = await restarts();
  const lookout = await lookOutFor(meet, refusedMark);
  const crashed = await crashAtSightOf(engine, meet, 'frontend-1', refusedMark);

  await scene.editTemplate(refused);
  await crashed();
  await meet.routed(usualRoutes);
  await scene.problem('reload-rejected', refusalMessage);
  await scene.settled(refusedMark);
  await meet.routed(usualRoutes);
  const { sightings } = await lookout.counts();
  const again = (await restarts()) - before;
  if (access.tested) expect(again).toBe(1);
  else expect(again).toBeGreaterThan(1);
  // A frontend with a hook reads files only through the hook.
  if (access.tested && access.name !== 'hook') expect(sightings).toBe(0);

  await scene.editTemplate('# fixed\n');
  const { problems } = await scene.converged();
  // The problem about the crashes stays for a minute.
  expect(problems.filter(({ code }) => code !== 'crash-loop')).toEqual([]);
  await meet.routed(usualRoutes);
}

/** The very first start with a template that nginx refuses: without a good edition, the frontend still starts. */
export async function startWithNothingGood(scene: RefusalScene): Promise<void> {
  const { meet, access } = scene;
  await meet.compose('rm', '--stop', '--force', 'meet-gen', 'frontend');
  await scene.editTemplate(refused);
  const empty = ['--entrypoint', 'sh', 'meet-gen-test/idle:latest', '-c', 'rm -rf /routing/* /routing/.[!.]*'];
  await meet.docker(
    'run',
    '--rm',
    '--label',
    runLabel,
    '--user',
    '0',
    '--network',
    'none',
    '--volume',
    `${meet.project}_routing:/routing`,
    ...empty,
  );
  await meet.scale({ 'meet-gen': 1, frontend: 1 });

  // Without nginx's words and without a fallback, an assumed refusal doesn't remove the file.
  if (access.words) await scene.problem('reload-rejected', refusalMessage);
  else await scene.problem(['reload-rejected', 'reload-pending'], /three signals|crashed|although meet-gen made it reload/);
  await meet.routed({ '/api/v1.0/config/': ['503'], '/abc-defg-hij': ['503'] });
  const restarts = await meet.inspect('frontend-1', '{{.RestartCount}}');
  await scene.editTemplate('# fixed\n');
  expect((await scene.converged()).problems).toEqual([]);
  await meet.routed(usualRoutes);
  expect(await meet.inspect('frontend-1', '{{.RestartCount}}')).toBe(restarts);
}
