import { describe, expect, it } from 'vitest';
import type { PortAnswer } from '../../../src/model/port-trial.ts';
import { addConnections } from '../../../src/status/connections.ts';
import { isServing } from '../../../src/status/headline.ts';
import { unreadyServices } from '../../../src/status/readiness.ts';
import type { InstanceStatus, ReplicaStatus, StatusSnapshot } from '../../../src/status/snapshot.ts';

const replica = (more: Partial<ReplicaStatus> = {}): ReplicaStatus => ({
  container: 'backend-1',
  id: 'a',
  state: 'running',
  health: 'healthy',
  inRotation: true,
  rank: 'ready',
  reason: 'healthy',
  endpoint: '172.18.0.5:8001',
  network: 'meet_default',
  exposedPorts: [8000],
  ...more,
});
const meet = (...replicas: readonly ReplicaStatus[]): InstanceStatus => ({
  name: 'meet',
  converged: true,
  frontends: [],
  services: [{ service: 'meet/backend', role: 'backend', replicas }],
  routes: [],
});
const snapshotOf = (...replicas: readonly ReplicaStatus[]): StatusSnapshot => ({
  version: '1',
  ready: true,
  converged: true,
  engine: { connected: true, lastSyncAt: null },
  instances: [meet(...replicas)],
  problems: [],
  changes: [],
});

describe('a service is ready', () => {
  it.each<[string, readonly Partial<ReplicaStatus>[], RegExp | undefined]>([
    ['with one that is', [{}], undefined],
    ['with one that is, beside one that refuses', [{}, { refusesConnections: true }], undefined],
    ['with one that is drained, which still answers', [{ rank: 'draining' }], undefined],
    ['not with one that stops, which may not', [{ rank: 'stopping', reason: 'got a stop signal' }], /is stopping: got a stop signal$/],
    ['not with one that starts', [{ rank: 'starting', reason: 'no probe has passed yet' }], /is starting: no probe has passed yet$/],
    ['not with one that is ill', [{ rank: 'unhealthy', reason: 'health check fails' }], /is unhealthy: health check fails$/],
    ['not with two that refuse', [{ refusesConnections: true }, { refusesConnections: true }], /at 172.18.0.5:8001, and 1 more like it$/],
    ['with nobody in rotation, which is a problem of its own', [{ inRotation: false, rank: 'never' }], undefined],
  ])('%s', (_, replicas, expected) => {
    const [unready] = unreadyServices([meet(...replicas.map(replica))]);
    if (expected === undefined) expect(unready).toBeUndefined();
    else expect(unready?.reason).toMatch(expected);
    expect(isServing(snapshotOf(...replicas.map(replica)))).toBe(expected === undefined);
  });
});

describe('connections', () => {
  const tried: string[] = [];
  const answering =
    (kind: PortAnswer['kind']) =>
    (endpoint: string): Promise<PortAnswer> => {
      tried.push(endpoint);
      return Promise.resolve(kind === 'unknown' ? { kind, reason: 'out of reach' } : { kind });
    };

  it('that are refused are a problem that names the port that is meant', async () => {
    const { problems, instances } = await addConnections(snapshotOf(replica()), answering('refused'));
    expect(problems).toMatchObject([
      { code: 'connection-refused', container: 'backend-1', instance: 'meet', cure: 'set meet.port to 8000' },
    ]);
    expect(unreadyServices(instances)).toHaveLength(1);
  });

  it.each(['open', 'unknown'] as const)('that are %s change nothing', async (kind) => {
    const snapshot = snapshotOf(replica());
    expect(await addConnections(snapshot, answering(kind))).toBe(snapshot);
  });

  it('are tried once an address, and only where an answer is to be expected', async () => {
    tried.length = 0;
    const others = [{ rank: 'starting' }, { inRotation: false, rank: 'never' }, { network: 'host' }] as const;
    await addConnections(
      snapshotOf(replica(), replica(), ...others.map((one) => replica({ ...one, endpoint: '172.18.0.9:1' }))),
      answering('open'),
    );
    expect(tried).toEqual(['172.18.0.5:8001']);
  });
});
