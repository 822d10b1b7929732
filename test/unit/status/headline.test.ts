import { describe, expect, it } from 'vitest';
import { headlineOf, howLong, servesOf, stateOf } from '../../../src/status/headline.ts';
import type { FrontendStatus, InstanceStatus, StatusSnapshot } from '../../../src/status/snapshot.ts';
import { problem } from '../../../src/model/problem.ts';

const frontend: FrontendStatus = {
  container: 'frontend',
  id: 'abc',
  state: 'running',
  health: 'none',
  inRotation: true,
  rank: 'ready',
  reason: 'running, without a health check',
  phase: 'live',
  runningGeneration: 'a',
  nginxVersion: '1.30.3',
};
const instance: InstanceStatus = {
  name: 'meet',
  converged: true,
  file: '/routing/meet/routing.conf',
  desiredGeneration: 'a',
  publishedGeneration: 'a',
  frontends: [frontend],
  services: [],
  routes: [],
};
const snapshot: StatusSnapshot = {
  version: '1',
  ready: true,
  converged: true,
  engine: { connected: true, lastSyncAt: null },
  instances: [instance],
  problems: [],
  changes: [],
};
const warning = problem('unknown-label', { message: 'm', cure: 'c' });
const deserted = problem('nobody-in-rotation', { instance: 'meet', key: 'service', value: 'meet/files', message: 'm', cure: 'c' });
const notice = problem('drained', { message: 'm', cure: 'c' });

describe('the headline', () => {
  it.each<[string, Partial<StatusSnapshot>, RegExp]>([
    ['without problems', {}, /^all routes are live$/],
    ['with a notice', { problems: [notice] }, /^all routes are live$/],
    ['with one problem', { problems: [warning, notice] }, /^all routes are live, and there is a problem$/],
    [
      'with several problems',
      { converged: false, problems: [warning, warning] },
      /^not everything that labels ask for is live, and there are 2 problems$/,
    ],
    ['without a replica in rotation', { problems: [deserted] }, /^no replica is in rotation for meet\/files, so its routes answer 503$/],
    [
      'without a replica in rotation, and with another problem',
      { problems: [deserted, warning] },
      /^no replica is in rotation .* 503, and there is a problem$/,
    ],
    [
      'without a replica in rotation, not live yet',
      { converged: false, problems: [deserted] },
      /^not everything .* is live, and there is a problem$/,
    ],
    ['without a container', { instances: [] }, /^no container has the label meet\.role$/],
    ['before the first pass', { ready: false, converged: false }, /^no file is published yet/],
    ['without an engine', { ready: false, engine: { connected: false, lastSyncAt: null, error: 'e' } }, /^the engine can't be reached/],
    [
      'with failing lists, while events arrive',
      { engine: { connected: true, lastSyncAt: null, error: 'e' } },
      /^the engine can't be reached/,
    ],
    [
      'without a manager',
      { engine: { source: 'swarm', connected: false, lastSyncAt: null, error: 'e' } },
      /^no manager gives a current view, so changes are not seen; the last published file is still served$/,
    ],
  ])('%s', (_, more, expected) => {
    expect(headlineOf({ ...snapshot, ...more })).toMatch(expected);
  });
});

describe('the state of an instance', () => {
  it.each<[string, Partial<InstanceStatus>, string]>([
    ['live', {}, 'live'],
    ['without a frontend', { frontends: [] }, 'no frontend serves it'],
    ['with frontends of other nodes alone', { frontends: [{ ...frontend, elsewhere: true }] }, 'no frontend on this node'],
    [
      'live here, unproven elsewhere',
      { frontends: [frontend, { ...frontend, container: 'two', phase: 'asking', elsewhere: true }] },
      'live',
    ],
    ['not published', { publishedGeneration: undefined as unknown as string }, 'no file is published yet'],
    [
      'not published, on trial',
      { publishedGeneration: undefined as unknown as string, onTrial: true },
      'no file is published yet, nginx is testing it first',
    ],
    [
      'on trial',
      { desiredGeneration: 'b', onTrial: true },
      'not everything that labels ask for is published yet, nginx is testing it first',
    ],
    ['refused', { desiredGeneration: 'b' }, 'some routes that labels ask for are left out (see the problems)'],
    [
      'under way',
      { frontends: [frontend, { ...frontend, container: 'two', phase: 'reloading', runningGeneration: 'z' }] },
      'published, but not proven to be served by two',
    ],
  ])('%s', (_, more, expected) => {
    expect(stateOf({ ...instance, ...more })).toBe(expected);
  });
});

describe('a frontend serves', () => {
  it.each<[string, Partial<FrontendStatus>, string]>([
    ['the published file', {}, 'serves the published file (live), nginx 1.30.3'],
    ['an older file', { phase: 'reloading', runningGeneration: 'z' }, 'serves an older file (reloading), nginx 1.30.3'],
    ['no routes yet', { phase: 'reloading', runningGeneration: 'none' }, 'serves no routes yet (reloading), nginx 1.30.3'],
    ['nothing', { state: 'exited' }, 'serves nothing'],
    ['an unknown file on another node', { elsewhere: true, phase: 'asking' }, 'on another node: its own meet-gen proves it'],
  ])('%s', (_, more, expected) => {
    expect(servesOf({ ...frontend, ...more }, 'a')).toBe(expected);
  });

  it('an unknown file', () => {
    const { runningGeneration: _, ...silent } = frontend;
    expect(servesOf({ ...silent, phase: 'unverified', proofReason: 'no answer in time' }, 'a')).toBe(
      'serves an unknown file: no answer in time',
    );
  });
});

describe('the duration since', () => {
  const now = Date.parse('2026-01-10T00:00:00.000Z');
  it.each([
    [undefined, ''],
    ['2026-01-09T23:59:30.000Z', ', for less than a minute'],
    ['2026-01-09T23:57:59.000Z', ', for 2 min'],
    ['2026-01-09T20:00:00.000Z', ', for 4 h'],
    ['2026-01-01T00:00:00.000Z', ', for 9 days'],
  ])('%s', (since, expected) => {
    expect(howLong(since, now)).toBe(expected);
  });
});
