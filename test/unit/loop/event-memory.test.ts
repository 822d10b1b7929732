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

describe('the event memory', () => {
  it('keeps a stop that later lists of the running container do not show', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1000);
    for (const beganAtMs of [1001, 5000, 60_000])
      expect(memory.notesFor([one], beganAtMs, beganAtMs + 5).get(one.id)).toEqual({ stop: 'in-progress' });
  });

  it('keeps a stop if an older list does not have the container yet', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1000);
    memory.notesFor([], 900, 1005);
    expect(memory.notesFor([one], 1010, 1015).get(one.id)).toEqual({ stop: 'in-progress' });
  });

  it('forgets a container that was removed or has ended', () => {
    for (const containers of [[], [{ ...one, state: 'exited' } as const]]) {
      const memory = createEventMemory();
      memory.note(event('kill', 15), 1000, 1000);
      memory.notesFor(containers, 2000, 2005);
      expect(memory.notesFor([one], 3000, 3005).size).toBe(0);
      expect(memory.nextChangeAtMs(3005)).toBeUndefined();
    }
  });

  it('keeps the crashes of a container that is down in between', () => {
    const memory = createEventMemory();
    for (const atMs of [1000, 2000, 3000]) {
      memory.note(event('die'), atMs, atMs);
      memory.notesFor([{ ...one, state: 'restarting' }], atMs + 10, atMs + 15);
      memory.note(event('start'), atMs + 500, atMs + 500);
    }
    expect(memory.notesFor([one], 3600, 3605).get(one.id)).toMatchObject({ crashes: 3, isOnCrashHold: true });
    expect(memory.nextChangeAtMs(3605)).toBe(3500 + 5000);
  });

  it('uses the time of a replayed event, not the time when the event was read', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1_200_000);
    expect(memory.notesFor([one], 1_200_001, 1_200_001).get(one.id)).toEqual({ stop: 'overdue' });
  });

  it('ends a stop when all endpoints of the container have changed without an event', () => {
    const memory = createEventMemory();
    memory.note(event('kill', 15), 1000, 1000);
    const stop = (container: Container, beganAtMs: number): unknown => memory.notesFor([container], beganAtMs, beganAtMs).get(one.id)?.stop;
    expect(stop(at('a', 'b'), 2000)).toBe('in-progress');
    expect(stop(at('a', 'b'), 3000)).toBe('in-progress');
    expect(stop(at('b', 'c'), 4000), 'one network was connected again').toBe('in-progress');
    expect(stop(at(), 5000), 'a list without endpoints decides nothing').toBe('in-progress');
    expect(stop(at('d', 'e'), 6000)).toBeUndefined();
    expect(stop(at('a', 'b'), 7000)).toBeUndefined();
  });

  it('ends a stop when all endpoints have changed since a list before it', () => {
    const memory = createEventMemory();
    memory.notesFor([{ ...one, endpointIds: ['a'] }], 500, 505);
    memory.note(event('kill', 15), 1000, 1000);
    expect(memory.notesFor([{ ...one, endpointIds: ['b'] }], 2000, 2005).get(one.id)?.stop).toBeUndefined();
  });

  it('keeps a stop if the list before it showed no endpoints', () => {
    const memory = createEventMemory();
    memory.notesFor([one], 500, 505);
    memory.note(event('kill', 15), 1000, 1000);
    expect(memory.notesFor([{ ...one, endpointIds: ['b'] }], 2000, 2005).get(one.id)?.stop).toBe('in-progress');
  });

  it('looks again for an end that a final list does not show, and keeps the container out of the rotation', () => {
    const memory = createEventMemory();
    const look = (container: Container, beganAtMs: number): unknown => memory.notesFor([container], beganAtMs, beganAtMs).get(one.id)?.stop;
    look(at('a'), 900);
    memory.note(event('die'), 1000, 1000);
    expect([look(at('a'), 1001), [...memory.unlisted()]], 'the usual second look is still to come').toEqual(['in-progress', []]);
    expect([look(at('a'), 1050), [...memory.unlisted()]]).toEqual(['in-progress', [[one.id, 1100]]]);
    expect([look({ ...at(), state: 'exited' }, 1100), [...memory.unlisted()]]).toEqual([undefined, []]);
  });

  it('does not look again for an end when the container has started, with other endpoints', () => {
    const memory = createEventMemory();
    memory.notesFor([at('a')], 900, 900);
    memory.note(event('die'), 1000, 1000);
    expect(memory.notesFor([at('b')], 1050, 1050).get(one.id)).toBeUndefined();
    expect(memory.unlisted().size).toBe(0);
  });

  it('reports a crash when the restart policy restarts a container whose end can be a stop, also after another list', () => {
    const memory = createEventMemory();
    expect(memory.note({ ...event('die'), mayBeStop: true }, 1000, 1000)).toBe(false);
    memory.notesFor([{ ...one, state: 'exited' }], 1100, 1100);
    expect(memory.note(event('restarting'), 1200, 1200)).toBe(true);
    expect(memory.note(event('start'), 1300, 1300)).toBe(false);
  });

  it('takes the end of a container that the last list showed stopping for no crash', () => {
    const memory = createEventMemory();
    memory.notesFor([{ ...one, isStopping: true }], 900, 900);
    expect(memory.note(event('die'), 1000, 1000)).toBe(false);
  });
});
