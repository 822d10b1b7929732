import { expect, it } from 'vitest';
import { createWake } from '../../../../src/source/swarm/wake.ts';

const hour = 3_600_000;
const never = new AbortController().signal;

it('ends the pause under way', async () => {
  const wake = createWake();
  const waited = wake.wait(hour, never);
  wake.ring();
  await waited;
});

it('a ring before the pause ends the next pause, and only that', async () => {
  const wake = createWake();
  wake.ring();
  wake.ring();
  await wake.wait(hour, never);
  let isOver = false;
  const second = wake.wait(hour, never).then(() => (isOver = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  wake.ring();
  await second;
});

it('ends with the signal, and without a pause', async () => {
  const wake = createWake();
  const abort = new AbortController();
  const waited = wake.wait(hour, abort.signal);
  abort.abort();
  await waited;
  await wake.wait(hour, abort.signal);
  await wake.wait(0, never);
  await wake.wait(-5, never);
});
