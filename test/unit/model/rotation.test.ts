import { describe, expect, it } from 'vitest';
import type { Container, Note, ProbeVerdict } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { readMember } from '../../../src/model/member.ts';
import { bestRank, judge } from '../../../src/model/rotation.ts';
import type { ContainerSketch } from '../../support/containers.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

const judged = (sketch: Partial<ContainerSketch>, note: Note = {}): ReturnType<typeof judge> => {
  const { member } = readMember(backend(sketch));
  if (member === undefined) throw new Error('the sketch is no member');
  return judge(member, note);
};
const beingStopped: Note = { stop: 'in-progress' };

describe('the rank of a container', () => {
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

  it.each(['healthy', 'none', 'starting', 'unhealthy'] as const)('is stopping after a stop signal, with health %s', (health) => {
    expect(judged({ health }, beingStopped).rank).toBe('stopping');
  });

  it('does not change with a stop signal for a stopped container or a one-off', () => {
    expect(judged({ state: 'exited' }, beingStopped).rank).toBe('never');
    expect(judged({ oneOff: true }, beingStopped).rank).toBe('never');
  });
});

describe('the note of a container', () => {
  it('has no effect with an overdue stop', () => {
    expect(judged({ health: 'healthy' }, { stop: 'overdue' }).rank).toBe('ready');
  });

  it.each([
    ['its label says so', { labels: { 'meet.drain': 'true' } }, {}],
    ['an operator drained it', {}, { drained: true }],
  ] as const)('drains the container when %s, with any health', (_, sketch, note) => {
    for (const health of ['healthy', 'none', 'starting', 'unhealthy'] as const)
      expect(judged({ health, ...sketch }, note).rank).toBe('draining');
    expect(judged(sketch, { ...note, ...beingStopped }).rank).toBe('stopping');
    expect(judged({ ...sketch, state: 'exited' }, note).rank).toBe('never');
  });

  it('has no effect with meet.drain=false', () => {
    expect(judged({ labels: { 'meet.drain': 'false' } }).rank).toBe('ready');
  });

  it('keeps a container in a crash loop out until it has run for a while', () => {
    expect(judged({ health: 'healthy' }, { crashes: 3, isOnCrashHold: true }).rank).toBe('never');
    expect(judged({ health: 'healthy' }, { crashes: 3 }).rank).toBe('ready');
  });

  it('keeps a held-back container out, even as the last replica', () => {
    expect(judged({ health: 'healthy' }, { crashes: 4, isOnCrashHold: true, ...beingStopped }).rank).toBe('never');
  });
});

const verdict = (answer: ProbeVerdict['answer'], wasReady = false): Note => ({ probe: { answer, detail: 'x', wasReady } });

describe('meet.health', () => {
  const probed = { labels: { 'meet.health': 'tcp' } };

  it('none accepts a running container, with any health', () => {
    for (const health of ['healthy', 'none', 'starting', 'unhealthy'] as const)
      expect(judged({ health, labels: { 'meet.health': 'none' } }).rank).toBe('ready');
  });

  it('docker is the default', () => {
    for (const health of ['healthy', 'none', 'starting', 'unhealthy'] as const)
      expect(judged({ health, labels: { 'meet.health': 'docker' } }, verdict('not-ready'))).toEqual(judged({ health }));
  });

  it.each([
    ['ready, also against the engine', { health: 'unhealthy' }, verdict('ready'), 'ready'],
    ['starting while it has never been ready', { health: 'healthy' }, verdict('not-ready'), 'starting'],
    ['unhealthy once it was ready', { health: 'healthy' }, verdict('not-ready', true), 'unhealthy'],
    ['what the engine says where it decides nothing', { health: 'unhealthy' }, verdict('unclear'), 'unhealthy'],
    ['what the engine says where it decides nothing', { health: 'none' }, verdict('unclear'), 'ready'],
    ['starting right after the start, while it has not been answered', { health: 'none' }, { justStarted: true }, 'starting'],
    ['what the engine says for one that was there before us', { health: 'none' }, {}, 'ready'],
  ] as const)('a probe makes it %s', (_, sketch, note, rank) => {
    expect(judged({ ...sketch, ...probed }, note).rank).toBe(rank);
  });
});

describe('the best rank', () => {
  it('is missing if all ranks are never', () => {
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

describe('the replicas in rotation', () => {
  const healthy = replica('h', { health: 'healthy' });
  const unchecked = replica('n', {});
  const starting = replica('s', { health: 'starting' });
  const unhealthy = replica('u', { health: 'unhealthy' });
  const stopping = replica('x', { health: 'healthy' });
  const drained = replica('d', { labels: { 'meet.drain': 'true' } });
  const paused = replica('p', { state: 'paused', health: 'healthy' });
  const oneOff = replica('o', { oneOff: true });
  const lost = replica('l', { networks: { elsewhere: '10.0.0.2/8' } });

  it.each([
    ['healthy and unchecked ones, together', [healthy, unchecked, starting, unhealthy, stopping], ['h', 'n']],
    ['starting ones only when nobody is ready', [starting, unhealthy, stopping], ['s']],
    ['unhealthy ones only when nobody starts either', [unhealthy, stopping], ['u']],
    ['drained ones only when nobody else is left but stopping ones', [drained, stopping], ['d']],
    ['stopping ones only when there is nobody else', [stopping, paused, oneOff], ['x']],
    ['never a paused one', [paused], []],
    ['never a one-off', [oneOff], []],
    ['never one without a usable address, which also hides nobody', [lost, starting], ['s']],
  ] as const)('%s', (_, replicas, expected) => {
    expect(inRotation(replicas, ['x'])).toEqual(expected);
  });
});
