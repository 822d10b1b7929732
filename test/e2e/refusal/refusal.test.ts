import { afterAll, beforeAll, describe, test } from 'vitest';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { accessCalled, type AccessName } from '../../support/refusal/accesses.ts';
import { loseSignals } from '../../support/refusal/lost-signals.ts';
import { checkAllCases, checkCaseShortly } from '../../support/refusal/check-case.ts';
import { crashDuringChange } from '../../support/refusal/restarts.ts';
import { startRefusalScene, type RefusalScene } from '../../support/refusal/scene.ts';
import { refusalCases } from '../../support/refusal/cases.ts';

// All refusals of one nginx with tests before publication, and a few refusals for each other access. All combinations,
// restarts, more backends, older and odd frontends are in test/endurance/refusal.test.ts.

const engine = providedEngine();
const [unknownDirective, port, label] = ['a directive that does not exist', 'a port that another process has', 'a label with the path'].map(
  (beginning) => refusalCases.filter(({ what }) => what.startsWith(beginning)),
);

// Starting another frontend takes longer than all these cases together.
const asked = refusalCases.filter(({ frontends }) => frontends === undefined);

type Trial = readonly [what: string, (scene: RefusalScene) => Promise<void>];
const each = (some: typeof refusalCases = []): readonly Trial[] =>
  some.map((refusal) => [refusal.what, (scene) => checkCaseShortly(scene, refusal)]);
const trials: readonly (readonly [AccessName, readonly Trial[]])[] = [
  ['exec', [['every case', (scene) => checkAllCases(scene, asked)]]],
  ['exec, also to reload', each(port)],
  ['signal and logs', [...each(label), ['a crash at the moment of the change', (scene) => crashDuringChange(engine, scene)]]],
  ['signal only', [...each(unknownDirective), ...each(label)]],
  ['hook', [...each(unknownDirective), ...each(port)]],
];

const startScene = async (part: string, name: AccessName): Promise<RefusalScene> =>
  startRefusalScene(engine, part, await accessCalled(name, engine, providedImages()));

// Mostly waiting, so the accesses run concurrently.
describe.concurrent.each(trials)('with %s', (name, some) => {
  let scene: RefusalScene;
  beforeAll(async () => {
    scene = await startScene(`short-${name.replaceAll(/\W+/g, '-')}`, name);
  });
  afterAll(() => scene?.meet.down());

  describe.sequential('one after the other', () => {
    // `every case` waits a minute, and longer beside other tests.
    test.each(some)('%s', { timeout: 300_000 }, (_, runTrial) => runTrial(scene));
  });
});

// Alone, since this counts signals: a reload that takes more than a second causes one more signal.
describe.sequential('with signal only, alone', () => {
  let scene: RefusalScene;
  beforeAll(async () => {
    scene = await startScene('short-lost-signal', 'signal only');
  });
  afterAll(() => scene?.meet.down());

  test('a lost signal does not count as a refusal', () => loseSignals(scene, 1));
});
