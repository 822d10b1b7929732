import { expect, it } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import { assignRoutes } from '../../../src/routes/ownership.ts';
import { printStatus } from '../../../src/status/print.ts';
import { describeInstance } from '../../../src/status/snapshot.ts';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { backend, frontend, idOf, observe } from '../../support/containers.ts';
import { documentedBlock, readPage } from '../../support/docs/pages.ts';

const { version } = JSON.parse(readPage('package.json')) as { version: string };
const generation = '3f5a0c9d1e2b4a67';
const now = '2026-11-25T15:30:00.000Z';
const internal = (last: number): Readonly<Record<string, string>> => ({ meet_internal: `172.18.0.${last}/16` });

/** A Meet with a starting second backend, and a label with a typo. */
function snapshot(): StatusSnapshot {
  const containers = [
    frontend({ networks: internal(2), health: 'healthy' }),
    backend({ networks: internal(5), health: 'healthy', labels: { 'meet.role': 'backend', 'meet.pahts': '+/more' } }),
    backend({ name: 'meet-backend-2', networks: internal(6), health: 'starting' }),
  ];
  const { instances, problems } = readInstances(observe(containers));
  const [instance] = instances;
  if (instance === undefined) throw new Error('no instance was read, although there is a frontend');
  const published = { file: '/routing/routing.conf', generation, routes: assignRoutes(instance).routes };
  const proofs = new Map([[idOf('meet-frontend-1'), { phase: 'live', runningGeneration: generation, nginxVersion: '1.30.3' }]]);
  const since: Readonly<Record<string, string>> = {
    [idOf('meet-backend-1')]: '2026-11-25T12:20:00.000Z',
    [idOf('meet-backend-2')]: '2026-11-25T15:29:50.000Z',
  };
  return {
    version,
    ready: true,
    converged: true,
    engine: { source: 'docker', place: 'tcp://docker-proxy:2375', connected: true, lastSyncAt: now },
    instances: [describeInstance(instance, published, { generation, isOnTrial: false }, proofs, (id) => since[id])],
    problems,
    changes: [
      {
        instance: 'meet',
        at: '2026-11-25T15:29:58.125Z',
        generation,
        changes: ['+ meet/backend 172.18.0.5:8000'],
        why: ['meet-backend-1: start'],
        servingMs: 61,
        liveMs: 224,
        diff: '',
      },
    ],
  };
}

it('docs/status.md shows the output of the command', () => {
  expect(documentedBlock('docs/status.md', 'status')).toBe(printStatus(snapshot(), Date.parse(now)).join('\n'));
});
