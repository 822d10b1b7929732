import { describe } from 'vitest';
import { test } from '../integration/scene.ts';
import { hostileAnswers } from '../support/hostile-engine/answers.ts';
import { calls } from '../support/hostile-engine/calls.ts';
import { checkAnswers, checkDoctor } from '../support/hostile-engine/check-answers.ts';

/*
 * An engine with hostile answers: every answer to every call, also answers that only a deadline ends.
 */

describe.concurrent('meet-gen run survives', () => {
  for (const name of Object.keys(calls)) {
    test(`every answer to ${name}`, async ({ scene }) => {
      await checkAnswers(scene, name, hostileAnswers);
    });
  }
});

describe('meet-gen doctor survives', () => {
  for (const answer of hostileAnswers.filter(({ isSlow }) => isSlow !== true)) {
    for (const which of ['all', 'all but the list'] as const) {
      test(`${answer.name} as the answer to ${which}`, async ({ scene }) => {
        await checkDoctor(scene, which, answer);
      });
    }
  }
});
