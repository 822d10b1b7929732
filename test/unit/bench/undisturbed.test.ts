import { describe, expect, it } from 'vitest';
import type { ContainerEvent } from '../../bench/live/engine-api.ts';
import { isFromOtherProject, measureUndisturbed } from '../../bench/live/undisturbed.ts';

const event = (action: string, project?: string): ContainerEvent => ({
  Action: action,
  Actor: { ID: 'x', Attributes: project === undefined ? {} : { 'com.docker.compose.project': project } },
  timeNano: 0,
});

describe('measuring while others use the engine', () => {
  it.each([
    [event('start', 'other'), true],
    [event('die'), true],
    [event('health_status: healthy', 'other'), true],
    [event('start', 'ours'), false],
    [event('exec_start: cat /proc/1/status', 'other'), false],
  ])('%j disturbs: %s', (happened, disturbs) => {
    expect(isFromOtherProject(happened, ['ours'])).toBe(disturbs);
  });

  it('keeps undisturbed measurements, and repeats the others', async () => {
    const events: ContainerEvent[] = [];
    const kept: number[] = [];
    let attempt = 0;
    await measureUndisturbed(3, events, ['ours'], () => {
      attempt += 1;
      const mine = attempt;
      events.splice(0, events.length, event('start', mine % 2 === 0 ? 'other' : 'ours'));
      return Promise.resolve(() => void kept.push(mine));
    });
    expect(kept).toEqual([1, 3, 5]);
  });

  it('fails if every measurement is disturbed', async () => {
    const measured = measureUndisturbed(3, [event('start', 'other')], ['ours'], () => Promise.resolve(() => undefined));
    await expect(measured).rejects.toThrow(/only 0 of 3 measurements were undisturbed.*on a separate engine/);
  });
});
