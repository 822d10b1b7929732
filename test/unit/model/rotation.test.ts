import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/instance.ts';
import { bestRank, judge } from '../../../src/model/rotation.ts';
import type { ContainerSketch } from '../../support/containers.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

const judged = (sketch: Partial<ContainerSketch>, stopping = false): ReturnType<typeof judge> => {
  const one = backend(sketch);
  return judge(one, observe([one], stopping ? [one.name] : []));
};

describe('judging one container', () => {
  it.each([
    ['running, healthy', {}, 'ready'],
    ['running, without a health check', { health: 'none' }, 'ready'],
    ['running, starting', { health: 'starting' }, 'starting'],
    ['running, unhealthy', { health: 'unhealthy' }, 'unhealthy'],
    ['created', { state: 'created' }, 'never'],
    ['paused', { state: 'paused', health: 'healthy' }, 'never'],
    ['restarting', { state: 'restarting' }, 'never'],
    ['removing', { state: 'removing' }, 'never'],
    ['exited', { state: 'exited' }, 'never'],
    ['dead', { state: 'dead' }, 'never'],
    ['a one-off', { oneOff: true, health: 'healthy' }, 'never'],
  ] as const)('%s is %s', (_, sketch, rank) => {
    expect(judged({ health: 'healthy', ...sketch }).rank).toBe(rank);
  });

  it.each(['healthy', 'none', 'starting', 'unhealthy'] as const)('one that got a stop signal is stopping, be it %s', (health) => {
    expect(judged({ health }, true).rank).toBe('stopping');
  });

  it('a stop signal changes nothing for one that does not run, or is a one-off', () => {
    expect(judged({ state: 'exited' }, true).rank).toBe('never');
    expect(judged({ oneOff: true }, true).rank).toBe('never');
  });
});

describe('the best rank', () => {
  it('is none when all are never', () => {
    expect(bestRank([{ rank: 'never', reason: '' }])).toBeUndefined();
    expect(bestRank([])).toBeUndefined();
  });
});

const replica = (name: string, sketch: Partial<ContainerSketch>): Container =>
  backend({ name, networks: { meet_default: `172.18.0.${name.charCodeAt(0)}/16` }, ...sketch });

const inRotation = (replicas: readonly Container[], stopping: readonly string[] = []): readonly string[] => {
  const { instances } = readInstances(observe([frontend(), ...replicas], stopping));
  return (instances[0]?.services[0]?.replicas ?? []).filter((one) => one.inRotation).map((one) => one.container.name);
};

describe('who is in rotation', () => {
  const healthy = replica('h', { health: 'healthy' });
  const unchecked = replica('n', {});
  const starting = replica('s', { health: 'starting' });
  const unhealthy = replica('u', { health: 'unhealthy' });
  const stopping = replica('x', { health: 'healthy' });
  const paused = replica('p', { state: 'paused', health: 'healthy' });
  const oneOff = replica('o', { oneOff: true });
  const lost = replica('l', { networks: { elsewhere: '10.0.0.2/8' } });

  it.each([
    ['healthy and unchecked ones, together', [healthy, unchecked, starting, unhealthy, stopping], ['h', 'n']],
    ['starting ones only when nobody is ready', [starting, unhealthy, stopping], ['s']],
    ['unhealthy ones only when nobody starts either', [unhealthy, stopping], ['u']],
    ['stopping ones only when there is nobody else', [stopping, paused, oneOff], ['x']],
    ['never a paused one', [paused], []],
    ['never a one-off', [oneOff], []],
    ['never one without a usable address, which also hides nobody', [lost, starting], ['s']],
  ] as const)('%s', (_, replicas, expected) => {
    expect(inRotation(replicas, ['x'])).toEqual(expected);
  });
});
