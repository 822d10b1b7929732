import { afterAll, beforeAll, describe, test } from 'vitest';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { accessCalled, accessNames } from '../support/refusal/accesses.ts';
import { checkIgnored, ignored } from '../support/refusal/ignored.ts';
import { killWhileRefused } from '../support/refusal/memory.ts';
import { checkCase } from '../support/refusal/check-case.ts';
import { crashDuringChange, startWithNothingGood } from '../support/refusal/restarts.ts';
import { startRefusalScene, type RefusalScene } from '../support/refusal/scene.ts';
import { refusalCases } from '../support/refusal/cases.ts';

// Every refusal of a configuration, for every access that meet-gen can have: contract, section 7.

describe.sequential.each(accessNames)('with %s:', (name) => {
  let scene: RefusalScene;
  beforeAll(async () => {
    const access = await accessCalled(name, providedEngine(), providedImages());
    scene = await startRefusalScene(providedEngine(), `refused-${accessNames.indexOf(name)}`, access);
  });
  afterAll(() => scene?.meet.down());

  test('a crash at the very moment', () => crashDuringChange(providedEngine(), scene));
  test('the first start of all, with nothing good yet', () => startWithNothingGood(scene));
  test('meet-gen is killed while something is refused', () => killWhileRefused(scene));
  test.each(ignored)('$what', (one) => checkIgnored(scene, one));
  test.each(refusalCases)('$what', (refusal) => checkCase(scene, refusal));
});
