import { expect } from 'vitest';
import { viewFromOutside } from '../support/soak/process-view.ts';
import { soak } from '../support/soak/soak.ts';
import { test } from './scene.ts';

/** The short form of test/endurance/soak.test.ts. */
test.concurrent('publishes the right file at every rest in 1,000 events, and leaves no descriptor open', async ({ scene }) => {
  const descriptors: number[] = [];
  const { command, events, lists, signals, subscriptions } = await soak(scene, {
    seed: 3,
    events: 1000,
    restEvery: 150,
    onRest: ({ pid }) => Promise.resolve(void descriptors.push(viewFromOutside(pid).descriptors)),
  });
  expect(command.hasEnded()).toBe(false);
  expect(lists).toBeLessThan(events);
  expect(signals).toBeLessThan(lists * 2);
  expect(scene.engine.eventStreams()).toBe(1);
  expect(subscriptions).toBeLessThan(50);
  const [first = NaN] = descriptors;
  expect(descriptors.length).toBeGreaterThanOrEqual(5);
  expect(Math.min(...descriptors.slice(-3))).toBeLessThanOrEqual(first + 3);
});
