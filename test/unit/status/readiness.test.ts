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
    ['with a ready replica', [{}], undefined],
    ['with a ready replica beside one that refuses connections', [{}, { refusesConnections: true }], undefined],
    ['with a drained replica, which still answers', [{ rank: 'draining' }], undefined],
    [
      'not with a stopping replica, which may not answer',
      [{ rank: 'stopping', reason: 'got a stop signal' }],
      /is stopping: got a stop signal$/,
    ],
    ['not with a starting replica', [{ rank: 'starting', reason: 'no probe has passed yet' }], /is starting: no probe has passed yet$/],
    ['not with an unhealthy replica', [{ rank: 'unhealthy', reason: 'health check fails' }], /is unhealthy: health check fails$/],
    [
      'not with two replicas that refuse connections',
      [{ refusesConnections: true }, { refusesConnections: true }],
      /at 172.18.0.5:8001, and 1 more like it$/,
    ],
    ['without a replica in rotation, which is another problem', [{ inRotation: false, rank: 'never' }], undefined],
  ])('%s', (_, replicas, expected) => {
    const [unready] = unreadyServices([meet(...replicas.map(replica))]);
    if (expected === undefined) expect(unready).toBeUndefined();
    else expect(unready?.reason).toMatch(expected);
    expect(isServing(snapshotOf(...replicas.map(replica)))).toBe(expected === undefined);
  });
});

describe('addConnections', () => {
  const tried: string[] = [];
  const answering =
    (kind: PortAnswer['kind']) =>
    (endpoint: string): Promise<PortAnswer> => {
      tried.push(endpoint);
      return Promise.resolve(kind === 'unknown' ? { kind, reason: 'out of reach' } : { kind });
    };

  it('adds a problem for a refused connection, with the right port in its cure', async () => {
    const { problems, instances } = await addConnections(snapshotOf(replica()), answering('refused'));
    expect(problems).toMatchObject([
      { code: 'connection-refused', container: 'backend-1', instance: 'meet', cure: 'set meet.port to 8000' },
    ]);
    expect(unreadyServices(instances)).toHaveLength(1);
  });

  it.each(['open', 'unknown'] as const)('changes nothing if the port is %s', async (kind) => {
    const snapshot = snapshotOf(replica());
    expect(await addConnections(snapshot, answering(kind))).toBe(snapshot);
  });

  it('tries each address once, and only if an answer is expected', async () => {
    tried.length = 0;
    const others = [{ rank: 'starting' }, { inRotation: false, rank: 'never' }, { network: 'host' }] as const;
    await addConnections(
      snapshotOf(replica(), replica(), ...others.map((one) => replica({ ...one, endpoint: '172.18.0.9:1' }))),
      answering('open'),
    );
    expect(tried).toEqual(['172.18.0.5:8001']);
  });
});
