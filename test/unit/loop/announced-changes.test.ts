import { describe, expect, it } from 'vitest';
import { createAnnouncedChanges } from '../../../src/loop/announced-changes.ts';
import { byId } from '../../../src/model/by-id.ts';
import type { Container } from '../../../src/model/container.ts';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { backend } from '../../support/containers.ts';

const one = backend();
const [{ name: network }] = one.networks as [{ name: string }];
const unconnected: Container = { ...one, networks: [] };
const paused: Container = { ...one, state: 'paused' };

const container = (action: string): EngineEvent => ({ type: 'container', action, containerId: one.id, hasRole: true });
const ofNetwork = (action: string, name: string = network): EngineEvent => ({ ...container(action), type: 'network', network: name });

/** The looks after an event at 1000 ms and a list. */
function looksAfter(events: readonly EngineEvent[], listed: Container, beganAtMs = 1100): readonly number[] {
  const changes = createAnnouncedChanges();
  for (const event of events) changes.note(event, 1000);
  return [...changes.unlisted(byId([listed]), beganAtMs, beganAtMs).values()];
}

describe('a change that an event has announced', () => {
  it.each([
    ['a pause', container('pause'), one, paused],
    ['the end of a pause', container('unpause'), paused, one],
    ['a new network', ofNetwork('connect'), unconnected, one],
    ['the end of a network', ofNetwork('disconnect'), one, unconnected],
  ])('is looked for again until the list shows it: %s', (_, event, before, after) => {
    expect(looksAfter([event], before)).toEqual([1200]);
    expect(looksAfter([event], after)).toEqual([]);
  });

  it('is left to the final look at first, and given up after ten seconds', () => {
    expect(looksAfter([container('pause')], one, 1044)).toEqual([]);
    expect(looksAfter([container('pause')], one, 10_999)).toEqual([11_000]);
    expect(looksAfter([container('pause')], one, 11_000)).toEqual([]);
  });

  it('is nothing to look for in a container that is stopped, or after any other event', () => {
    expect(looksAfter([container('pause')], { ...one, state: 'exited' })).toEqual([]);
    for (const action of ['start', 'die', 'rename']) expect(looksAfter([container(action)], one)).toEqual([]);
    const { network: _, ...unnamed } = ofNetwork('disconnect');
    expect(looksAfter([unnamed], one)).toEqual([]);
  });

  it('is replaced by the opposite change, and not by that of another network', () => {
    expect(looksAfter([container('pause'), container('unpause')], one)).toEqual([]);
    expect(looksAfter([ofNetwork('disconnect'), ofNetwork('connect')], one)).toEqual([]);
    expect(looksAfter([ofNetwork('disconnect'), ofNetwork('disconnect', 'another')], one)).toEqual([1200]);
  });
});
