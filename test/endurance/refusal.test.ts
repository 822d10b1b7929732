import { afterAll, beforeAll, describe, test } from 'vitest';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { accessCalled, accessNames } from '../support/refusal/accesses.ts';
import { checkIgnored, ignored } from '../support/refusal/ignored.ts';
import { killWhileRefused } from '../support/refusal/memory.ts';
import { checkCase } from '../support/refusal/check-case.ts';
import { crashDuringChange, startWithNothingGood } from '../support/refusal/restarts.ts';
import { startRefusalScene, type RefusalScene } from '../support/refusal/scene.ts';
import { refusalCases } from '../support/refusal/cases.ts';

// Every way in which nginx refuses a configuration, with every access of meet-gen (contract, section 7).

describe.sequential.each(accessNames)('with %s:', (name) => {
  let scene: RefusalScene;
  beforeAll(async () => {
    const access = await accessCalled(name, providedEngine(), providedImages());
    scene = await startRefusalScene(providedEngine(), `refused-${accessNames.indexOf(name)}`, access);
  });
  afterAll(() => scene?.meet.down());

  test('recovers from a crash during the refusal', () => crashDuringChange(providedEngine(), scene));
  test('recovers from a refusal at the first start, without a last good structure', () => startWithNothingGood(scene));
  test('recovers from a kill of meet-gen during the refusal', () => killWhileRefused(scene));
  test.each(ignored)('$what', (one) => checkIgnored(scene, one));
  test.each(refusalCases)('$what', (refusal) => checkCase(scene, refusal));
});
