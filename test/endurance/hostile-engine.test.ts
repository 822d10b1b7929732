import { describe } from 'vitest';
import { test } from '../integration/scene.ts';
import { hostileAnswers } from '../support/hostile-engine/answers.ts';
import { calls } from '../support/hostile-engine/calls.ts';
import { checkAnswers, checkDoctor } from '../support/hostile-engine/check-answers.ts';

/*
 * An engine that says anything at all: every answer to every call, also those that only a deadline ends.
 */

describe.concurrent('meet-gen run bears', () => {
  for (const name of Object.keys(calls)) {
    test(`whatever is answered to ${name}`, async ({ scene }) => {
      await checkAnswers(scene, name, hostileAnswers);
    });
  }
});

describe('meet-gen doctor bears', () => {
  for (const answer of hostileAnswers.filter(({ isSlow }) => isSlow !== true)) {
    for (const which of ['all', 'all but the list'] as const) {
      test(`that ${which} is answered with ${answer.name}`, async ({ scene }) => {
        await checkDoctor(scene, which, answer);
      });
    }
  }
});
