import { createScene } from '../../support/fake-engine/scene.ts';
import type { Scene } from '../../support/fake-engine/scene.ts';

/** Does something on a scene of its own: a fake engine without faults, an out directory; all is gone afterwards. */
export async function onScene<Result>(signal: AbortSignal, act: (scene: Scene) => Promise<Result>): Promise<Result> {
  signal.throwIfAborted();
  const releases: (() => Promise<unknown>)[] = [];
  try {
    return await act(await createScene(releases));
  } finally {
    for (const release of releases.toReversed()) await release();
  }
}
