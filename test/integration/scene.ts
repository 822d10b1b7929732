import { test as plainTest } from 'vitest';
import { createScene, type Scene } from '../support/fake-engine/scene.ts';

export {
  addService,
  askPort,
  askSocket,
  composeLabels,
  network,
  problemCodes,
  readMetrics,
  waitForStatus,
  type Scene,
} from '../support/fake-engine/scene.ts';
export { freePort } from '../support/free-port.ts';

/** A test with its own scene. */
export const test = plainTest.extend<{ scene: Scene }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the wanted fixtures from the pattern
  scene: async ({}, use) => {
    const releases: (() => Promise<unknown>)[] = [];
    try {
      await use(await createScene(releases));
    } finally {
      for (const release of releases.toReversed()) await release();
    }
  },
});
