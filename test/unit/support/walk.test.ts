import { describe, expect, test } from 'vitest';
import { targetsOf } from '../../support/chaos/action.ts';
import { describeRound, planWalk } from '../../support/chaos/walk.ts';
import { expectedAnswers, firstWorld, runningFrontends, type Box, type World } from '../../support/chaos/world.ts';

// The chaos tests depend on their walks, and on their model of the world.

const seeds = Array.from({ length: 20 }, (_, index) => index);
const longWalks = seeds.map((seed) => planWalk({ seed, steps: 150, engine: true }));

function describeWalk(seed: number): string {
  return planWalk({ seed, steps: 60, engine: true }).map(describeRound).join('\n');
}

describe('a walk', () => {
  test('is the same for the same seed, and differs for another seed', () => {
    expect(describeWalk(7)).toBe(describeWalk(7));
    expect(describeWalk(7)).not.toBe(describeWalk(8));
  });

  test('has the requested number of steps', () => {
    for (const walk of longWalks) expect(walk.flatMap(({ actions }) => actions)).toHaveLength(150);
  });

  test('has every possible action', () => {
    const verbs = new Set(longWalks.flatMap((walk) => walk.flatMap(({ actions }) => actions.map((action) => action.do))));
    expect(verbs.size).toBe(26);
  });

  test('leaves the engine alone if engine actions are off', () => {
    const verbs = seeds
      .flatMap((seed) => planWalk({ seed, steps: 150, engine: false }).flatMap(({ actions }) => actions))
      .map((action) => action.do);
    expect(verbs.filter((verb) => verb.endsWith('-engine'))).toEqual([]);
  });

  test('has a running frontend at every quiet point', () => {
    for (const walk of longWalks) expect(walk.filter(({ world }) => runningFrontends(world).length === 0)).toEqual([]);
  });

  test('runs actions at once only on different targets', () => {
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

describe('the API is answered by', () => {
  const noReplica = ['503, retry after 5'];

  test.each([
    ['the backends that compose runs', {}, 2, ['backend-1', 'backend-2']],
    [
      'backends with different labels too',
      { alder: box({ kind: 'slower' }), birch: box({ kind: 'mislabelled' }) },
      1,
      ['alder', 'backend-1', 'birch'],
    ],
    [
      'no backend that is down, paused or without a network',
      { alder: box({ state: 'exited' }), birch: box({ state: 'paused' }), cedar: box({ networks: [] }) },
      0,
      noReplica,
    ],
    ['no unhealthy backend while another is healthy', { alder: box({ kind: 'checked', sick: true }), birch: box({}) }, 0, ['birch']],
    [
      'unhealthy backends if no other backend runs',
      { alder: box({ kind: 'checked', sick: true }), birch: box({ state: 'exited' }) },
      0,
      ['alder'],
    ],
    ['drained backends if no other backend runs', { alder: box({ kind: 'drained' }), birch: box({ state: 'paused' }) }, 0, ['alder']],
    [
      'no drained backend while another runs',
      { alder: box({ kind: 'drained' }), birch: box({ kind: 'checked', sick: true }) },
      0,
      ['birch'],
    ],
    [
      'no one-off, and no container with a misspelt role',
      { alder: box({ kind: 'one-off' }), birch: box({ kind: 'misspelt' }) },
      1,
      ['backend-1'],
    ],
    ['no replica if no service exists', { alder: box({ kind: 'one-off' }) }, 0, noReplica],
    ['the SPA if all backends have other paths', { alder: box({ kind: 'office' }) }, 0, ['SPA']],
    ['the rival if no backend exists', { alder: box({ kind: 'rival' }) }, 0, ['alder']],
    [
      'not the rival while a backend exists, even if it is down',
      { alder: box({ kind: 'rival' }), birch: box({ state: 'exited' }) },
      0,
      noReplica,
    ],
  ] as const)('%s', (_, boxes, scale, expected) => {
    expect(atTheApi(boxes, scale)).toEqual(expected);
  });
});
