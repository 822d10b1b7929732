import { describe, expect, test } from 'vitest';
import { targetsOf } from '../../support/chaos/action.ts';
import { describeRound, planWalk } from '../../support/chaos/walk.ts';
import { expectedAnswers, firstWorld, runningFrontends, type Box, type World } from '../../support/chaos/world.ts';

// The chaos tests are only as good as their walks and their idea of the world.

const seeds = Array.from({ length: 20 }, (_, index) => index);
const longWalks = seeds.map((seed) => planWalk({ seed, steps: 150, engine: true }));

function told(seed: number): string {
  return planWalk({ seed, steps: 60, engine: true }).map(describeRound).join('\n');
}

describe('a walk', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(told(7)).toBe(told(7));
    expect(told(7)).not.toBe(told(8));
  });

  test('has as many steps as were asked for', () => {
    for (const walk of longWalks) expect(walk.flatMap(({ actions }) => actions)).toHaveLength(150);
  });

  test('everything that can happen does', () => {
    const verbs = new Set(longWalks.flatMap((walk) => walk.flatMap(({ actions }) => actions.map((action) => action.do))));
    expect(verbs.size).toBe(26);
  });

  test('leaves the engine alone when it is told to', () => {
    const verbs = seeds
      .flatMap((seed) => planWalk({ seed, steps: 150, engine: false }).flatMap(({ actions }) => actions))
      .map((action) => action.do);
    expect(verbs.filter((verb) => verb.endsWith('-engine'))).toEqual([]);
  });

  test('always has a frontend to look through when it is quiet', () => {
    for (const walk of longWalks) expect(walk.filter(({ world }) => runningFrontends(world).length === 0)).toEqual([]);
  });

  test('does at once only what is done to different things', () => {
    const together = longWalks.flat().filter((round) => round.together);
    expect(together.length).toBeGreaterThan(50);
    for (const { actions } of together) {
      const targets = actions.flatMap(targetsOf);
      expect(new Set(targets).size).toBe(targets.length);
    }
  });
});

const box = (more: Partial<Box>): Box => ({
  kind: 'plain',
  state: 'running',
  networks: ['internal'],
  lasting: true,
  renamed: false,
  sick: false,
  ...more,
});
const world = (boxes: World['boxes'], scale = 0): World => ({ ...firstWorld, scale, boxes });
const atTheApi = (boxes: World['boxes'], scale?: number): readonly string[] | undefined =>
  expectedAnswers(world(boxes, scale))['/api/v1.0/config/'];

describe('who has to answer', () => {
  const nobody = ['503, retry after 5'];

  test.each([
    ['those that compose runs', {}, 2, ['backend-1', 'backend-2']],
    [
      'whatever its labels disagree about',
      { alder: box({ kind: 'slower' }), birch: box({ kind: 'mislabelled' }) },
      1,
      ['alder', 'backend-1', 'birch'],
    ],
    [
      'nobody that is down, paused or cut off',
      { alder: box({ state: 'exited' }), birch: box({ state: 'paused' }), cedar: box({ networks: [] }) },
      0,
      nobody,
    ],
    ['nobody that is sick while somebody is well', { alder: box({ kind: 'checked', sick: true }), birch: box({}) }, 0, ['birch']],
    ['the sick when there is nobody else', { alder: box({ kind: 'checked', sick: true }), birch: box({ state: 'exited' }) }, 0, ['alder']],
    ['the drained when there is nobody else', { alder: box({ kind: 'drained' }), birch: box({ state: 'paused' }) }, 0, ['alder']],
    [
      'nobody drained while anybody else runs',
      { alder: box({ kind: 'drained' }), birch: box({ kind: 'checked', sick: true }) },
      0,
      ['birch'],
    ],
    ['no one-off, none with a misspelt role', { alder: box({ kind: 'one-off' }), birch: box({ kind: 'misspelt' }) }, 1, ['backend-1']],
    ['nobody, where there is no service at all', { alder: box({ kind: 'one-off' }) }, 0, nobody],
    ['the SPA, where all backends want other paths', { alder: box({ kind: 'office' }) }, 0, ['SPA']],
    ['the rival, where there is no backend at all', { alder: box({ kind: 'rival' }) }, 0, ['alder']],
    [
      'not the rival while there is a backend, even one that is down',
      { alder: box({ kind: 'rival' }), birch: box({ state: 'exited' }) },
      0,
      nobody,
    ],
  ] as const)('%s', (_, boxes, scale, expected) => {
    expect(atTheApi(boxes, scale)).toEqual(expected);
  });
});
