import { describe, expect, it } from 'vitest';
import { problem } from '../../../src/model/problem.ts';
import { viewPage } from '../../../src/page/view.ts';
import type { FrontendStatus, InstanceStatus, ReplicaStatus, StatusSnapshot } from '../../../src/status/snapshot.ts';

const nowMs = Date.parse('2026-01-31T12:00:00.000Z');

function replica(number: number, more: Partial<ReplicaStatus> = {}): ReplicaStatus {
  return {
    container: `backend-${number}`,
    id: `id${number}`,
    state: 'running',
    health: 'healthy',
    inRotation: true,
    rank: 'ready',
    reason: 'healthy',
    endpoint: `172.18.0.${number}:8000`,
    network: 'meet_internal',
    ...more,
  };
}
const frontend: FrontendStatus = {
  ...replica(2, { container: 'frontend-1', id: 'f1' }),
  phase: 'live',
  runningGeneration: 'a',
  nginxVersion: '1.30.3',
};
const instance: InstanceStatus = {
  name: 'meet',
  converged: true,
  file: '/routing/routing.conf',
  desiredGeneration: 'a',
  publishedGeneration: 'a',
  entry: { port: 8083, hosts: ['visio.example.com'] },
  frontends: [frontend],
  services: [{ service: 'meet/backend', role: 'backend', replicas: [replica(5)] }],
  routes: [{ path: '/api/', kind: 'below', service: 'meet/backend' }],
};
const snapshot: StatusSnapshot = {
  version: '1',
  ready: true,
  converged: true,
  engine: { connected: true, lastSyncAt: '2026-01-31T11:59:59.000Z' },
  instances: [instance],
  problems: [],
  changes: [],
};

function moodOf(more: Partial<StatusSnapshot>): string {
  return viewPage({ ...snapshot, ...more }, new Map(), nowMs).mood;
}
function meetOf(more: Partial<InstanceStatus>, file?: string) {
  const [meet] = viewPage(
    { ...snapshot, instances: [{ ...instance, ...more }] },
    new Map(file === undefined ? [] : [['meet', file]]),
    nowMs,
  ).meets;
  if (meet === undefined) throw new Error('the page shows no Meet');
  return meet;
}

describe('the mood of the page', () => {
  it.each<[string, Partial<StatusSnapshot>, string]>([
    ['without problems', {}, 'good'],
    ['with a notice', { problems: [problem('drained', { message: 'm', cure: 'c' })] }, 'good'],
    ['with a warning', { problems: [problem('unknown-label', { message: 'm', cure: 'c' })] }, 'care'],
    ['with an error', { problems: [problem('contested-route', { message: 'm', cure: 'c' })] }, 'bad'],
    ['with a change under way', { converged: false }, 'care'],
    [
      'without a replica in rotation',
      { problems: [problem('nobody-in-rotation', { key: 'service', value: 'meet/backend', message: 'm', cure: 'c' })] },
      'bad',
    ],
    ['without an engine', { engine: { connected: false, lastSyncAt: null, error: 'e' } }, 'bad'],
  ])('%s', (_, more, expected) => {
    expect(moodOf(more)).toBe(expected);
  });
});

describe('the source of the view', () => {
  it.each([
    ['docker', 'Docker engine'],
    ['swarm', 'Swarm managers'],
  ])('%s: %s', (source, title) => {
    expect(viewPage({ ...snapshot, engine: { ...snapshot.engine, source } }, new Map(), nowMs)).toMatchObject({
      source: title,
      engine: 'connected',
    });
  });

  it('fails, since a time', () => {
    const engine = { ...snapshot.engine, error: 'no leader', failingSince: '2026-01-31T11:59:00.000Z' };
    const view = viewPage({ ...snapshot, engine }, new Map(), nowMs);
    expect(view).toMatchObject({ engine: 'no leader', failingSince: { text: '2026-01-31 11:59:00 UTC' } });
  });
});

describe('the layers of a Meet', () => {
  it('show the hosts and the port for the outer proxy', () => {
    expect(meetOf({})).toMatchObject({ hosts: 'visio.example.com', port: 8083 });
    expect(meetOf({ entry: { port: 80, hosts: [] } })).toMatchObject({ hosts: 'any host', port: 80 });
  });

  it.each<[string, Partial<FrontendStatus>, string, string]>([
    ['live', {}, 'live', 'good'],
    ['reloading', { phase: 'reloading', runningGeneration: 'z' }, 'reloading', 'care'],
    ['refusing', { phase: 'rejected', runningGeneration: 'z' }, 'rejected', 'bad'],
    ['down', { state: 'exited', phase: 'live' }, 'live', 'bad'],
    ['on another node', { elsewhere: true }, 'on another node', 'good'],
    ['down on another node', { elsewhere: true, inRotation: false, state: 'exited' }, 'on another node', 'care'],
  ])('show a frontend that is %s', (_, more, tag, mood) => {
    expect(meetOf({ frontends: [{ ...frontend, ...more }] }).frontends).toMatchObject([{ name: 'frontend-1', tag, mood }]);
  });

  it.each<[string, Partial<ReplicaStatus>, string, string]>([
    ['ready', {}, 'in rotation', 'good'],
    ['the best replica, though starting', { rank: 'starting' }, 'in rotation', 'care'],
    ['starting', { rank: 'starting', inRotation: false }, 'out', 'care'],
    ['unhealthy', { rank: 'unhealthy', inRotation: false }, 'out', 'bad'],
  ])('show a replica that is %s', (_, more, tag, mood) => {
    const [service] = meetOf({ services: [{ service: 'meet/backend', role: 'backend', replicas: [replica(5, more)] }] }).services;
    expect(service?.groups.flatMap(({ replicas }) => replicas)).toMatchObject([{ name: 'backend-5', tag, mood }]);
  });

  it('fold a long list of similar replicas, and no short list', () => {
    const replicas = Array.from({ length: 16 }, (_, index) => replica(index, { inRotation: index < 13 }));
    const [service] = meetOf({ services: [{ service: 'meet/backend', role: 'backend', replicas }] }).services;
    expect(service?.groups).toMatchObject([
      { title: '13 in rotation', isFolded: true },
      { title: '3 out', isFolded: false },
    ]);
  });

  it('mark a service without a replica in rotation', () => {
    const about = { instance: 'meet', key: 'service', value: 'meet/backend', message: 'm', cure: 'c' };
    const other = { ...instance, name: 'other' };
    const problems = [problem('nobody-in-rotation', about)];
    const { meets } = viewPage({ ...snapshot, instances: [instance, other], problems }, new Map(), nowMs);
    expect(meets.map(({ services }) => services.map(({ isDeserted }) => isDeserted))).toEqual([[true], [false]]);
  });

  it('show the SPA in the frontends, or behind a router as the service for everything else', () => {
    expect(meetOf({}).hasOwnSpa).toBe(true);
    const behind = meetOf({ services: [{ service: 'SPA', role: 'frontend', replicas: [replica(7)] }] });
    expect(behind).toMatchObject({ hasOwnSpa: false, services: [{ name: 'SPA', routes: [{ path: 'everything else' }] }] });
  });

  it('mark a route that is left out', () => {
    const routes = [{ path: '/x/', kind: 'below' as const, service: 'meet/x', leftOut: true as const }];
    const { services } = meetOf({ routes, services: [{ service: 'meet/x', role: 'service', replicas: [] }] });
    expect(services).toMatchObject([{ routes: [{ path: '/x/', isLeftOut: true }] }]);
  });

  it.each<[string, Partial<InstanceStatus>, RegExp]>([
    ['served', {}, /^The served configuration \(generation a\)$/],
    ['served, though labels ask for more', { desiredGeneration: 'b' }, /^The served configuration/],
    ['not proven', { frontends: [{ ...frontend, phase: 'unverified' }] }, /^The published configuration \(generation a\); not every/],
  ])('show a file that is %s', (_, more, title) => {
    expect(meetOf(more, 'server {}').configuration).toEqual({ title: expect.stringMatching(title) as string, text: 'server {}' });
  });

  it('show no file before the first is published', () => {
    expect(meetOf({}).configuration).toBeUndefined();
  });
});

describe('a change', () => {
  it('has a diff of at most 80 lines', () => {
    const diff = `--- before\n+++ after\n@@ -1,200 +1,200 @@\n${Array.from({ length: 200 }, (_, line) => `${'+- '[line % 3] ?? ''}line ${line}\n`).join('')}`;
    const change = {
      instance: 'meet',
      at: '2026-01-31T11:59:59.000Z',
      generation: 'a',
      changes: [],
      why: ['a', 'b'],
      servingMs: 50,
      liveMs: 200,
      diff,
    };
    const [shown] = viewPage({ ...snapshot, changes: [change] }, new Map(), nowMs).changes;
    expect(shown).toMatchObject({
      why: 'a, b',
      took: 'serving after 50 ms, live after 200 ms',
      lines: ['only the text of the template changed'],
    });
    expect(shown?.diff?.slice(0, 6)).toEqual([
      { kind: 'same', text: '--- before' },
      { kind: 'same', text: '+++ after' },
      { kind: 'same', text: '@@ -1,200 +1,200 @@' },
      { kind: 'add', text: '+line 0' },
      { kind: 'del', text: '-line 1' },
      { kind: 'same', text: ' line 2' },
    ]);
    expect(shown?.diff).toHaveLength(81);
    expect(shown?.diff?.at(-1)).toEqual({ kind: 'same', text: 'and 123 more lines: meet-gen status --json has them' });
  });
});
