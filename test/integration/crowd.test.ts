import { describe, expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, test } from './scene.ts';
import type { Scene } from './scene.ts';

/** Labelled containers of other Meets, each Meet on its own network. */
function addCrowd(scene: Scene, containers: number): void {
  scene.engine.world.silently((world) => {
    for (let number = 0; number < containers; number += 1) {
      const project = `other-${number % 200}`;
      world.add({
        name: `${project}-backend-${number}`,
        labels: composeLabels(project, 'backend', { 'meet.role': 'backend' }),
        networks: { [`${project}_default`]: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}` },
      });
    }
  });
}

describe('one Meet among 10,000 labelled containers of others', () => {
  for (const flags of [[], ['--instance', 'meet']] as const) {
    test(`is served, and a change costs two lists and a signal (${flags.join(' ') || 'all instances'})`, async ({ scene }) => {
      addCrowd(scene, 10_000);
      const own = flags.length > 0 ? { file: `${scene.out}/routing.conf` } : {};
      const nginx = await scene.frontend('frontend', own);
      scene.backend('backend-1', 20);
      const run = scene.run(flags);
      await run.waitForLog('routesLive');
      // On a busy host the second list of the start can come after the first proof.
      await waitUntil('the start has listed the containers twice', () => scene.engine.listCalls().length >= 2);
      const lists = scene.engine.listCalls().length;
      expect(lists).toBe(2);
      expect(scene.engine.killCalls()).toHaveLength(1);

      const generation = nginx.generation();
      scene.backend('backend-2', 21);
      const live = await run.waitForLog('routesLive', 2);
      expect(live['changes']).toEqual([`+ meet/backend ${scene.address(21)}:8000`]);
      expect(nginx.generation()).not.toBe(generation);
      const asked = scene.engine.listCalls().slice(lists);
      expect(asked.length).toBeLessThanOrEqual(2);
      // Filtered by id: the cost of a full list grows with the number of other containers.
      expect(asked.map(({ query }) => Object.keys(JSON.parse(query.get('filters') ?? '{}') as object))).toEqual(asked.map(() => ['id']));
      expect(scene.engine.killCalls().map(({ name }) => name)).toEqual(['frontend', 'frontend']);
      expect(run.hasEnded()).toBe(false);
    });
  }
});
