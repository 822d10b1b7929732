import { expect } from 'vitest';
import { waitUntil } from '../wait-until.ts';
import { usualRoutes } from './ordeal.ts';
import type { RefusalScene } from './scene.ts';

/** Changes the structure, once, while so many signals get lost on their way: that is never taken for a refusal, and it goes live. */
export async function loseSignals(scene: RefusalScene, count: number): Promise<void> {
  const { meet } = scene;
  await scene.converged();
  await meet.routed(usualRoutes);
  const filter = meet.container('filter-1');
  await meet.docker('exec', filter, 'sh', '-c', `echo ${count} > /tmp/lose`);
  const before = await meet.countHups();
  // A service more would be a change of structure, and then one of addresses with signals of its own.
  await scene.editTemplate(`# of a template for which ${count} signals get lost\n`);

  await waitUntil('the change is published', async () => (await scene.published()).includes(`${count} signals get lost`));
  const status = await scene.converged();
  expect(status.problems).toEqual([]);
  expect(await meet.docker('exec', filter, 'cat', '/tmp/lose')).toBe('0');
  // One signal after another was for the same file, and the last of them got through.
  const told = status.instances.flatMap(({ frontends }) => frontends.map(({ signals }) => signals));
  expect(told).toEqual([count + 1]);
  expect((await meet.countHups()) - before).toBe(1);
  expect(JSON.stringify(await meet.log())).not.toContain('reload-rejected');
  await meet.routed(usualRoutes);
}
