import { describe, expect, it } from 'vitest';
import { createEventMemory } from '../../../src/loop/event-memory.ts';
import type { Container } from '../../../src/model/container.ts';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { backend } from '../../support/containers.ts';

const one = backend();
const event = (action: string, signal?: number): EngineEvent => ({
  type: 'container',
  action,
  containerId: one.id,
  hasRole: true,
  ...(signal === undefined ? {} : { signal }),
});

const at = (...endpointIds: readonly string[]): Container => ({ ...one, endpointIds });

describe('what is remembered of events', () => {
  it('is a stop that a later list of a running container does not show', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1000);
    for (const beganAtMs of [1001, 5000, 60_000])
      expect(memory.notesFor([one], beganAtMs, beganAtMs + 5).get(one.id)).toEqual({ stop: 'in-progress' });
  });

  it('is kept when a list that was begun before does not know the container yet', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1000);
    memory.notesFor([], 900, 1005);
    expect(memory.notesFor([one], 1010, 1015).get(one.id)).toEqual({ stop: 'in-progress' });
  });

  it('is forgotten of a container that is gone or has ended', () => {
    for (const containers of [[], [{ ...one, state: 'exited' } as const]]) {
      const memory = createEventMemory();
      memory.note(event('kill', 15), 1000, 1000);
      memory.notesFor(containers, 2000, 2005);
      expect(memory.notesFor([one], 3000, 3005).size).toBe(0);
      expect(memory.nextChangeAtMs(3005)).toBeUndefined();
    }
  });

  it('keeps crashes of a container that is down between them', () => {
    const memory = createEventMemory();
    for (const atMs of [1000, 2000, 3000]) {
      memory.note(event('die'), atMs, atMs);
      memory.notesFor([{ ...one, state: 'restarting' }], atMs + 10, atMs + 15);
      memory.note(event('start'), atMs + 500, atMs + 500);
    }
    expect(memory.notesFor([one], 3600, 3605).get(one.id)).toMatchObject({ crashes: 3, heldBack: true });
    expect(memory.nextChangeAtMs(3605)).toBe(3500 + 5000);
  });

  it('is judged by when a replayed event happened, not by when it was heard', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1_200_000);
    expect(memory.notesFor([one], 1_200_001, 1_200_001).get(one.id)).toEqual({ stop: 'overdue' });
  });

  it('is no stop any more for one that started again unheard, at other places on its networks', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1000);
    const stop = (container: Container, beganAtMs: number): unknown => memory.notesFor([container], beganAtMs, beganAtMs).get(one.id)?.stop;
    expect(stop(at('a', 'b'), 2000)).toBe('in-progress');
    expect(stop(at('a', 'b'), 3000)).toBe('in-progress');
    expect(stop(at('b', 'c'), 4000), 'one network was connected again').toBe('in-progress');
    expect(stop(at(), 5000), 'no places tell nothing').toBe('in-progress');
    expect(stop(at('d', 'e'), 6000)).toBeUndefined();
    expect(stop(at('a', 'b'), 7000)).toBeUndefined();
  });

  it('nor where no list was made between its stop and its start', () => {
    const memory = createEventMemory();
    memory.notesFor([{ ...one, endpointIds: ['a'] }], 500, 505);
    memory.note(event('kill', 15), 1000, 1000);
    expect(memory.notesFor([{ ...one, endpointIds: ['b'] }], 2000, 2005).get(one.id)?.stop).toBeUndefined();
  });

  it('goes on where the last list showed no places yet', () => {
    const memory = createEventMemory();
    memory.notesFor([one], 500, 505);
    memory.note(event('kill', 15), 1000, 1000);
    expect(memory.notesFor([{ ...one, endpointIds: ['b'] }], 2000, 2005).get(one.id)?.stop).toBe('in-progress');
  });
});
