import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPause } from '../../../src/util/interruptible-pause.ts';

const ended = async (pause: Promise<void>): Promise<boolean> => {
  let done = false;
  void pause.then(() => (done = true));
  await vi.advanceTimersByTimeAsync(0);
  return done;
};

describe('a pause', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('ends after its time', async () => {
    const pause = createPause(new AbortController().signal).wait(1000);
    expect(await ended(pause)).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await ended(pause)).toBe(true);
  });

  it('ends early at a wake', async () => {
    const wake = createPause(new AbortController().signal);
    const pause = wake.wait(1000);
    wake.wake();
    expect(await ended(pause)).toBe(true);
  });

  it('is skipped once after an earlier wake', async () => {
    const wake = createPause(new AbortController().signal);
    wake.wake();
    wake.wake();
    expect(await ended(wake.wait(1000))).toBe(true);
    expect(await ended(wake.wait(1000))).toBe(false);
  });

  it('ends permanently when the signal aborts', async () => {
    const abort = new AbortController();
    const wake = createPause(abort.signal);
    const pause = wake.wait(1000);
    abort.abort();
    expect(await ended(pause)).toBe(true);
    expect(await ended(wake.wait(1000))).toBe(true);
  });

  it('leaves no timer running', () => {
    const wake = createPause(new AbortController().signal);
    void wake.wait(1000);
    wake.wake();
    expect(vi.getTimerCount()).toBe(0);
  });
});
