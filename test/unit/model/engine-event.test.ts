import { describe, expect, it } from 'vitest';
import type { EngineEvent, Stops } from '../../../src/model/engine-event.ts';
import { isRelevant, noteStop } from '../../../src/model/engine-event.ts';

const event = (action: string, more: Partial<EngineEvent> = {}): EngineEvent => ({
  type: 'container',
  action,
  containerId: 'ours',
  hasRole: true,
  ...more,
});
const known = new Set(['ours']);

describe('which events are a reason to look again', () => {
  it.each(['start', 'die', 'pause', 'unpause', 'rename', 'destroy', 'health_status'])('%s of a container with a role is', (action) => {
    expect(isRelevant(event(action), new Set())).toBe(true);
  });

  it.each(['exec_create', 'exec_start', 'exec_die', 'top', 'attach', 'resize', 'create', 'oom', 'connect', ''])(
    '%j of a container is not',
    (action) => {
      expect(isRelevant(event(action), known)).toBe(false);
    },
  );

  it.each([2, 3, 9, 15])('a kill with signal %i is: it is to end', (signal) => {
    expect(isRelevant(event('kill', { signal }), known)).toBe(true);
  });

  it.each([1, 10, 28, 0, -15])('a kill with signal %i is not: our own HUP comes back like that', (signal) => {
    expect(isRelevant(event('kill', { signal }), known)).toBe(false);
  });

  it('a kill without a signal is not', () => {
    expect(isRelevant(event('kill'), known)).toBe(false);
  });

  it('an event without a role is when its container is known', () => {
    expect(isRelevant(event('die', { hasRole: false }), known)).toBe(true);
    expect(isRelevant(event('die', { hasRole: false, containerId: 'other' }), known)).toBe(false);
  });

  it.each([
    ['connect', true],
    ['disconnect', true],
    ['create', false],
    ['destroy', false],
  ])('%s of a network with a known container: %s', (action, expected) => {
    expect(isRelevant(event(action, { type: 'network', hasRole: false }), known)).toBe(expected);
  });

  it('a network event with a stranger is not', () => {
    expect(isRelevant(event('connect', { type: 'network', hasRole: false, containerId: 'other' }), known)).toBe(false);
  });
});

describe('stops in progress', () => {
  const none: Stops = new Map();
  const afterTerm = noteStop(none, event('kill', { signal: 15 }), 1000);

  it('begin with a stop signal', () => {
    expect([...afterTerm]).toEqual([['ours', 1000]]);
  });

  it.each([2, 3, 9])('begin with signal %i too', (signal) => {
    expect(noteStop(none, event('kill', { signal }), 5).has('ours')).toBe(true);
  });

  it('do not begin with a reload signal', () => {
    expect(noteStop(none, event('kill', { signal: 1 }), 1000).size).toBe(0);
  });

  it.each(['die', 'start', 'destroy'])('end with %s', (action) => {
    expect(noteStop(afterTerm, event(action), 2000).size).toBe(0);
  });

  it.each(['health_status', 'pause', 'rename'])('go on through %s', (action) => {
    expect(noteStop(afterTerm, event(action), 2000).has('ours')).toBe(true);
  });

  it("are not ended by another container's die, nor by a network event", () => {
    expect(noteStop(afterTerm, event('die', { containerId: 'other' }), 2000).has('ours')).toBe(true);
    expect(noteStop(afterTerm, event('die', { type: 'network' }), 2000).has('ours')).toBe(true);
  });

  it('are forgotten after 15 minutes, at the next event', () => {
    const minutes = 60_000;
    expect(noteStop(afterTerm, event('pause', { containerId: 'other' }), 1000 + 15 * minutes - 1).has('ours')).toBe(true);
    expect(noteStop(afterTerm, event('pause', { containerId: 'other' }), 1000 + 15 * minutes).has('ours')).toBe(false);
  });

  it('leave the map that they were given as it is', () => {
    noteStop(afterTerm, event('die'), 2000);
    expect(afterTerm.has('ours')).toBe(true);
  });
});
