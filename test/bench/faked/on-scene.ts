import { createScene } from '../../support/fake-engine/scene.ts';
import type { Scene } from '../../support/fake-engine/scene.ts';

/** Acts on a new scene (a fake engine without faults, an output directory), and removes the scene. */
export async function withScene<Result>(signal: AbortSignal, act: (scene: Scene) => Promise<Result>): Promise<Result> {
  signal.throwIfAborted();
  const releases: (() => Promise<unknown>)[] = [];
  try {
    return await act(await createScene(releases));
  } finally {
    for (const release of releases.toReversed()) await release();
  }
}
