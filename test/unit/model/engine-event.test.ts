import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { isRelevant } from '../../../src/model/engine-event.ts';

const event = (action: string, more: Partial<EngineEvent> = {}): EngineEvent => ({
  type: 'container',
  action,
  containerId: 'ours',
  hasRole: true,
  ...more,
});
const knows = (containerId: string): boolean => containerId === 'ours';

describe('reasons to look again', () => {
  it.each(['start', 'die', 'pause', 'unpause', 'rename', 'destroy', 'health_status'])('%s of a container with a role is', (action) => {
    expect(isRelevant(event(action), () => true)).toBe(true);
  });

  it.each(['exec_create', 'exec_start', 'exec_die', 'top', 'attach', 'resize', 'create', 'oom', 'connect', ''])(
    '%j of a container is not',
    (action) => {
      expect(isRelevant(event(action), knows)).toBe(false);
    },
  );

  it.each([2, 3, 9, 15])('a kill with signal %i is: the container is about to end', (signal) => {
    expect(isRelevant(event('kill', { signal }), knows)).toBe(true);
  });

  it.each([1, 10, 28, 0, -15])('a kill with signal %i is not: meet-gen sends HUP too', (signal) => {
    expect(isRelevant(event('kill', { signal }), knows)).toBe(false);
  });

  it('a kill without a signal is not', () => {
    expect(isRelevant(event('kill'), knows)).toBe(false);
  });

  it('an event without a role is if its container is known', () => {
    expect(isRelevant(event('die', { hasRole: false }), knows)).toBe(true);
    expect(isRelevant(event('die', { hasRole: false, containerId: 'other' }), knows)).toBe(false);
  });

  it.each([
    ['connect', true],
    ['disconnect', true],
    ['create', false],
    ['destroy', false],
  ])('%s of a network with a known container: %s', (action, expected) => {
    expect(isRelevant(event(action, { type: 'network', hasRole: false }), knows)).toBe(expected);
  });

  it('a network event of an unknown container is not', () => {
    expect(isRelevant(event('connect', { type: 'network', hasRole: false, containerId: 'other' }), knows)).toBe(false);
  });
});
