import type { TestProject } from 'vitest/node';
import { startSwarm } from './start-swarm.ts';
import { provideSwarmImages, type SwarmImages } from './swarm-images.ts';
import type { SwarmLayout } from './swarm-layout.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The swarm of this run: a manager and two workers. */
    readonly swarm: SwarmLayout;
    readonly swarmImages: SwarmImages;
  }
}

/** Starts a swarm with all images before the tests that need it. Removes everything afterwards. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { layout, stop } = await startSwarm(1);
  try {
    project.provide('swarm', layout);
    project.provide('swarmImages', await provideSwarmImages(layout));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
