import { describe, expect, it } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import { assignRoutes } from '../../../src/routes/ownership.ts';
import { describeInstance } from '../../../src/status/snapshot.ts';
import type { FrontendFacts, InstanceStatus } from '../../../src/status/snapshot.ts';
import type { Container } from '../../../src/model/container.ts';
import { backend, frontend, idOf, observe } from '../../support/containers.ts';

function describeOne(
  containers: readonly Container[],
  stopping: readonly string[] = [],
  facts: Record<string, FrontendFacts> = {},
): InstanceStatus {
  const [instance] = readInstances(observe(containers, stopping)).instances;
  if (instance === undefined) throw new Error('no instance was read, although there is a frontend');
  const published = { file: '/routing/routing.conf', generation: 'a'.repeat(16), routes: assignRoutes(instance).routes };
  return describeInstance(instance, published, { generation: 'b'.repeat(16), isOnTrial: false }, new Map(Object.entries(facts)));
}

const replica = (name: string, last: number, more: Parameters<typeof backend>[0] = {}): Container =>
  backend({ name, networks: { meet_default: `172.18.0.${last}/16` }, ...more });

describe('the status of an instance', () => {
  it('shows for each replica whether it is in rotation, its address, and the reason', () => {
    const replicas = [
      replica('b1', 5, { health: 'healthy' }),
      replica('b2', 6, { health: 'starting' }),
      replica('b3', 7, { state: 'paused' }),
      replica('b4', 8, { health: 'healthy', networks: { elsewhere: '10.0.0.1/8' } }),
      replica('b5', 9, { health: 'healthy' }),
    ];
    const { services } = describeOne([frontend(), ...replicas], ['b5']);
    expect(services).toMatchObject([{ service: 'meet/backend', role: 'backend' }]);
    expect(
      services[0]?.replicas.map(({ container, inRotation, reason, endpoint }) => ({ container, inRotation, reason, endpoint })),
    ).toEqual([
      { container: 'b1', inRotation: true, reason: 'healthy', endpoint: '172.18.0.5:8000' },
      { container: 'b2', inRotation: false, reason: 'health check has not passed yet, and others are better', endpoint: '172.18.0.6:8000' },
      { container: 'b3', inRotation: false, reason: 'paused', endpoint: undefined },
      { container: 'b4', inRotation: false, reason: 'healthy, but has no usable address', endpoint: undefined },
      { container: 'b5', inRotation: false, reason: 'got a stop signal, and others are better', endpoint: '172.18.0.9:8000' },
    ]);
  });

  it('has generations, file and routes, also the routes of a missing backend', () => {
    const status = describeOne([frontend()]);
    expect(status).toMatchObject({
      name: 'meet',
      file: '/routing/routing.conf',
      publishedGeneration: 'a'.repeat(16),
      desiredGeneration: 'b'.repeat(16),
    });
    expect(status.routes).toContainEqual({ path: '/api/', kind: 'below', service: 'meet/backend' });
    expect(describeOne([frontend(), backend()]).routes).toContainEqual({ path: '/api', kind: 'exact', service: 'meet/backend' });
  });

  it('has the proof of each frontend', () => {
    const { frontends } = describeOne([frontend()], [], {
      [idOf('meet-frontend-1')]: { phase: 'live', runningGeneration: 'c'.repeat(16), signals: 1 },
    });
    expect(frontends).toMatchObject([{ container: 'meet-frontend-1', phase: 'live', runningGeneration: 'c'.repeat(16), signals: 1 }]);
  });

  it('has no file if nothing was published', () => {
    const [instance] = readInstances(observe([frontend()])).instances;
    if (instance === undefined) throw new Error('no instance was read, although there is a frontend');
    const status = describeInstance(instance, undefined, { isOnTrial: false }, new Map());
    expect(Object.keys(status).toSorted()).toEqual(['converged', 'frontends', 'name', 'owner', 'routes', 'services']);
    expect(status.routes).toEqual([]);
    expect(describeInstance(instance, undefined, { isOnTrial: true }, new Map())).toMatchObject({ onTrial: true });
  });

  it('shows untrusted names without control characters', () => {
    const name = 'x\u001b[2J\n';
    const odd = frontend({ name, networks: { [name]: '10.0.0.1/8' } });
    const text = JSON.stringify(describeOne([odd, { ...odd, id: 'other', name: `${name}2` }]));
    expect(text).toContain('x\\\\u{1b}[2J\\\\u{a}');
    expect(text).not.toMatch(/\\u001b|\\n/);
  });
});
