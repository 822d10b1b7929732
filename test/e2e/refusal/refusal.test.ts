import { afterAll, beforeAll, describe, test } from 'vitest';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { accessCalled, type AccessName } from '../../support/refusal/accesses.ts';
import { loseSignals } from '../../support/refusal/lost-signals.ts';
import { goThroughAll, goThroughShortly } from '../../support/refusal/ordeal.ts';
import { crashAtThatMoment } from '../../support/refusal/restarts.ts';
import { startRefusalScene, type RefusalScene } from '../../support/refusal/scene.ts';
import { ways } from '../../support/refusal/ways.ts';

// All ways in which one nginx refuses, where it is asked first, and the telling ones for each other access. Everything with everything
// else, restarts, more backends, older and odd frontends are in test/endurance/refusal.test.ts.

const engine = providedEngine();
const [unknownDirective, port, label] = ['a directive that does not exist', 'a port that another process has', 'a label whose path'].map(
  (beginning) => ways.filter(({ what }) => what.startsWith(beginning)),
);

// Another frontend takes longer to start than all of these together.
const asked = ways.filter(({ frontends }) => frontends === undefined);

type Trial = readonly [what: string, (scene: RefusalScene) => Promise<void>];
const each = (some: typeof ways = []): readonly Trial[] => some.map((way) => [way.what, (scene) => goThroughShortly(scene, way)]);
const trials: readonly (readonly [AccessName, readonly Trial[]])[] = [
  ['exec', [['every way', (scene) => goThroughAll(scene, asked)]]],
  ['exec, also to reload', each(port)],
  ['signal and logs', [...each(label), ['a crash at that moment', (scene) => crashAtThatMoment(engine, scene)]]],
  ['signal only', [...each(unknownDirective), ...each(label)]],
  ['hook', [...each(unknownDirective), ...each(port)]],
];

const startScene = async (part: string, name: AccessName): Promise<RefusalScene> =>
  startRefusalScene(engine, part, await accessCalled(name, engine, providedImages()));

// Most of it is waiting, so the accesses share the time.
describe.concurrent.each(trials)('with %s', (name, some) => {
  let scene: RefusalScene;
  beforeAll(async () => {
    scene = await startScene(`short-${name.replaceAll(/\W+/g, '-')}`, name);
  });
  afterAll(() => scene?.meet.down());

  describe.sequential('one after the other', () => {
    // `every way` is a minute of waiting, and more beside others.
    test.each(some)('%s', { timeout: 300_000 }, (_, undergo) => undergo(scene));
  });
});

// Beside none of the others: an nginx that takes more than a second for its reload is signalled once more, and signals are counted here.
describe.sequential('with signal only, alone', () => {
  let scene: RefusalScene;
  beforeAll(async () => {
    scene = await startScene('short-lost-signal', 'signal only');
  });
  afterAll(() => scene?.meet.down());

  test('a lost signal is no refusal', () => loseSignals(scene, 1));
});
