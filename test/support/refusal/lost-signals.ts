import { expect } from 'vitest';
import { waitUntil } from '../wait-until.ts';
import { usualRoutes } from './check-case.ts';
import type { RefusalScene } from './scene.ts';

/** Changes the structure while `count` signals get lost: meet-gen never assumes a refusal, and the change goes live. */
export async function loseSignals(scene: RefusalScene, count: number): Promise<void> {
  const { meet } = scene;
  await scene.converged();
  await meet.routed(usualRoutes);
  const filter = meet.container('filter-1');
  await meet.docker('exec', filter, 'sh', '-c', `echo ${count} > /tmp/lose`);
  const before = await meet.countHups();
  // A template, since a new service would cause a second change, of addresses, with more signals.
  await scene.editTemplate(`# of a template for which ${count} signals get lost\n`);

  await waitUntil('the change is published', async () => (await scene.published()).includes(`${count} signals get lost`));
  const status = await scene.converged();
  expect(status.problems).toEqual([]);
  expect(await meet.docker('exec', filter, 'cat', '/tmp/lose')).toBe('0');
  // All signals were for the same file, and only the last one arrived.
  const signalCounts = status.instances.flatMap(({ frontends }) => frontends.map(({ signals }) => signals));
  expect(signalCounts).toEqual([count + 1]);
  expect((await meet.countHups()) - before).toBe(1);
  expect(JSON.stringify(await meet.log())).not.toContain('reload-rejected');
  await meet.routed(usualRoutes);
}
