import { describe, expect, it } from 'vitest';
import {
  afterDecision,
  afterEvent,
  afterFailure,
  afterPass,
  afterReason,
  afterRestart,
  newLoopState,
  beginPass,
  causeOf,
  finalLookAtMs,
  isEndOfSpare,
  isNews,
} from '../../../src/loop/loop-state.ts';
import type { LoopState } from '../../../src/loop/loop-state.ts';
import type { Container } from '../../../src/model/container.ts';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { finalAfterMs } from '../../../src/source/engine-view.ts';
import { backend, frontend, idOf, observe } from '../../support/containers.ts';

const happened = (action: string, name: string): EngineEvent =>
  ({ type: 'container', action, containerId: idOf(name), atMs: 0 }) as EngineEvent;
const heard = (state: LoopState, action: string, name: string, heardAtMs: number): LoopState =>
  afterEvent(state, { heardAtMs, happenedAtMs: heardAtMs - 5, event: happened(action, name), name });
const idle = (): LoopState => beginPass(newLoopState()).state;
const replica = (name: string, host: number, health: Container['health']): Container =>
  backend({ name, health, networks: { meet_default: `172.18.0.${host}/16` } });
const noName = (): undefined => undefined;

describe('a pass decides', () => {
  const observation = observe([frontend(), backend({})]);

  it('at the start, then only on a new observation', () => {
    const { reasons, state } = beginPass(newLoopState());
    expect(isNews(reasons, observation, state)).toBe(true);
    const after = afterPass(state, observation, 1000);
    expect(isNews(beginPass(after).reasons, observe([frontend(), backend({})]), after)).toBe(false);
    expect(isNews(beginPass(after).reasons, observe([frontend()]), after)).toBe(true);
  });

  it.each([
    ['a container started or ended', afterRestart],
    ['another input may have changed', (state: LoopState) => afterReason(state, 'a template')],
    ['a pass has failed', (state: LoopState) => afterFailure(state, { due: [], isForced: false })],
  ])('on any observation when %s', (_, change) => {
    const after = change(afterPass(idle(), observation, 1000));
    expect(isNews(beginPass(after).reasons, observation, after)).toBe(true);
    const { state } = beginPass(after);
    expect(beginPass(state).reasons.isForced).toBe(false);
  });
});

describe('the cause of a pass', () => {
  it('has each event and reason once, and the time of the first event', () => {
    const state = [1, 2].reduce((before) => heard(before, 'start', 'b', 1000), idle());
    const { reasons } = beginPass(afterReason(afterReason(state, 'a template'), 'a template'));
    expect(causeOf(state, reasons, 2000, noName)).toEqual({ atMs: 995, why: ['b: start', 'a template'] });
  });

  it('keeps an event until a final list has shown it', () => {
    const state = heard(idle(), 'start', 'b', 1000);
    const early = afterPass(state, observe([]), 1000 + finalAfterMs - 1);
    expect(early.events).toHaveLength(1);
    expect(afterPass(early, observe([]), 1000 + finalAfterMs).events).toEqual([]);
  });

  it('keeps an event while the list does not show its end', () => {
    const state = heard(idle(), 'die', 'b', 1000);
    const [one] = state.events;
    const isUnlisted = (containerId: string): boolean => containerId === one?.event.containerId;
    expect(afterPass(state, observe([]), 5000, isUnlisted).events).toEqual([one]);
    expect(afterPass(state, observe([]), 5000).events).toEqual([]);
  });

  it('is in words also where no event announced the change', () => {
    expect(causeOf(idle(), { due: [], isForced: false }, 2000, noName)).toEqual({ atMs: 2000, why: ['a change without an event'] });
  });

  it('passes from a failed pass to the next', () => {
    const { reasons, state } = beginPass(afterReason(idle(), 'a template'));
    expect(beginPass(afterFailure(afterReason(state, 'a drain'), reasons)).reasons).toEqual({
      due: ['a template', 'a drain'],
      isForced: true,
    });
  });

  it('keeps at most a thousand events', () => {
    let state = idle();
    for (let count = 0; count < 1500; count += 1) state = heard(state, 'start', `b${count}`, 1000 + count);
    expect(state.events).toHaveLength(1000);
    expect([state.events[0]?.heardAtMs, state.lastEventAtMs]).toEqual([1000, 2499]);
  });
});

describe('the end of a spare replica can wait', () => {
  const { instances } = readInstances(observe([frontend(), replica('good', 5, 'healthy'), replica('bad', 6, 'unhealthy')]));
  const state = afterDecision(idle(), instances, 1000);

  it.each([
    ['die', 'bad', true],
    ['destroy', 'bad', true],
    ['start', 'bad', false],
    ['die', 'good', false],
  ])('for %s of the %s replica: %s', (action, name, canWait) => {
    expect(isEndOfSpare(state, happened(action, name))).toBe(canWait);
  });

  it('only after the first pass', () => {
    expect(isEndOfSpare(idle(), happened('die', 'bad'))).toBe(false);
  });
});

it('another look follows a pass that began before the list was final', () => {
  const state = heard(idle(), 'start', 'b', 1000);
  expect(finalLookAtMs(state, 1000)).toBe(1000 + finalAfterMs);
  expect(finalLookAtMs(state, 1000 + finalAfterMs)).toBeUndefined();
});
