import { expect, it } from 'vitest';
import { createHistory } from '../../../src/status/history.ts';

const change = (
  number: number,
): { instance: string; at: string; generation: string; changes: readonly string[]; why: readonly string[] } => ({
  instance: 'meet',
  at: '',
  generation: String(number),
  changes: [],
  why: [],
});

it('keeps the last fifty changes, the newest first', () => {
  const history = createHistory();
  for (let number = 1; number <= 60; number += 1) history.add(change(number));
  expect(history.changes()).toHaveLength(50);
  expect(history.changes()[0]?.generation).toBe('60');
  expect(history.changes().at(-1)?.generation).toBe('11');
});

it('keeps the beginning of a large change, and marks the cut', () => {
  const history = createHistory();
  history.add({ ...change(1), changes: Array.from({ length: 150 }, (_, index) => `+ ${index}`) }, () => 'x'.repeat(100_000));
  const [kept] = history.changes();
  expect(kept?.changes).toHaveLength(101);
  expect(kept?.changes.at(-1)).toBe('and 50 more');
  expect(kept?.diff?.length).toBeLessThan(17_000);
  expect(kept?.diff).toContain('(truncated)');
});

it('makes a diff once, when it is requested', () => {
  const history = createHistory();
  let made = 0;
  history.add(change(1), () => {
    made += 1;
    return '-a';
  });
  expect(made).toBe(0);
  expect([...history.changes(), ...history.changes()].map(({ diff }) => diff)).toEqual(['-a', '-a']);
  expect(made).toBe(1);
});
