import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createFolderTimeLimit } from '../../../src/publish/folder-time-limit.ts';

const never = (): Promise<never> => new Promise(() => undefined);

describe('work in folders', () => {
  it('returns its result, or throws its error', async () => {
    const inFolder = createFolderTimeLimit(1000);
    expect(await inFolder('/a', () => Promise.resolve(7))).toBe(7);
    await expect(inFolder('/a', () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
  });

  it('fails at the time limit if it hangs, and new work there fails until it ends', async () => {
    const inFolder = createFolderTimeLimit(50);
    const end = new AbortController();
    const hanging = inFolder('/a', () => once(end.signal, 'abort'));
    await expect(hanging).rejects.toThrow("/a doesn't respond");
    let begun = 0;
    await expect(inFolder('/a', async () => (begun += 1))).rejects.toThrow("/a doesn't respond");
    expect(begun).toBe(0);
    expect(await inFolder('/b', () => Promise.resolve('well'))).toBe('well');
    end.abort();
    await sleep(10);
    expect(await inFolder('/a', () => Promise.resolve('well'))).toBe('well');
  });

  it('has no time limit while it waits in the queue', async () => {
    const inFolder = createFolderTimeLimit(100);
    const each = Array.from({ length: 80 }, (_, index) => inFolder(`/${index}`, () => sleep(20, index)));
    expect(await Promise.all(each)).toHaveLength(80);
  });

  it('delays other folders only by the time limit, even if the maximum of folders hangs', async () => {
    const inFolder = createFolderTimeLimit(50);
    const hanging = Array.from({ length: 20 }, (_, index) => inFolder(`/hangs-${index}`, never).catch(() => 'hangs'));
    expect(await inFolder('/well', () => Promise.resolve('well'))).toBe('well');
    expect(new Set(await Promise.all(hanging))).toEqual(new Set(['hangs']));
  });
});
