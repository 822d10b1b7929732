import { afterAll, beforeAll, describe, test } from 'vitest';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { accessCalled, type AccessName } from '../support/refusal/accesses.ts';
import { loseSignals } from '../support/refusal/lost-signals.ts';
import { startRefusalScene, type RefusalScene } from '../support/refusal/scene.ts';

// Without nginx's log meet-gen takes three signals without effect, after a change of structure, for a refusal. Two are
// not.
const losses: readonly (readonly [AccessName, readonly number[]])[] = [
  ['signal and logs', [1, 3, 5]],
  ['signal only', [1, 2]],
];

describe.sequential.each(losses)('with %s', (name, counts) => {
  let scene: RefusalScene;
  beforeAll(async () => {
    scene = await startRefusalScene(providedEngine(), 'lost', await accessCalled(name, providedEngine(), providedImages()));
  });
  afterAll(() => scene?.meet.down());

  test.each(counts)('does not report a refusal after %i lost signals', (count) => loseSignals(scene, count));
});
