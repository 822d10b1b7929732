import { expect, it } from 'vitest';
import { afterAnswer, doubtedTasks } from '../../../../src/source/swarm/dns-doubts.ts';
import type { Doubts } from '../../../../src/source/swarm/dns-doubts.ts';

const none: Doubts = new Map();
const running = ['a', 'b'];

/** The tasks that count as unlisted after each answer. An answer comes every 250 ms. */
function afterEach(...answers: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let doubts = none;
  return answers.map((unlisted, index) => {
    doubts = afterAnswer(doubts, running, unlisted, index * 250);
    return doubtedTasks(doubts, index * 250);
  });
}

it('a task that DNS dropped once is admitted with the answer that lists it again', () => {
  expect(afterEach([], ['a'], ['a'], [])).toEqual([[], ['a'], ['a'], []]);
});

it('a task that DNS dropped twice waits for half a second', () => {
  expect(afterEach(['a'], [], ['a'], [], [], [], [])).toEqual([['a'], [], ['a'], ['a'], ['a'], [], []]);
});

it('14,400 answers in an hour, each another, change less than 40 times which tasks count as unlisted', () => {
  const seen = afterEach(...Array.from({ length: 14_400 }, (_, index) => [index % 2 === 0 ? 'a' : 'b']));
  const changes = seen.filter((now, index) => index > 0 && now.join() !== seen[index - 1]?.join());
  expect(changes.length).toBeLessThan(40);
});

it('forgets a task that no longer runs, and a task without a drop for ten minutes', () => {
  const dropped = afterAnswer(none, running, ['a', 'b'], 0);
  expect([...afterAnswer(dropped, ['b'], [], 1).keys()]).toEqual(['b']);
  const listed = afterAnswer(dropped, running, [], 1000);
  expect(afterAnswer(listed, running, [], 600_000).size).toBe(2);
  expect(afterAnswer(listed, running, [], 601_000).size).toBe(0);
});
