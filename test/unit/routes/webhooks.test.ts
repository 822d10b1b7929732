import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { RoutingView } from '../../../src/routes/view.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

function view(...containers: readonly Container[]): RoutingView {
  const [instance] = readInstances(observe([...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, []).view;
}

const paths = ['/api/v1.0/recordings/storage-hook/', '/api/v1.0/rooms/webhooks-livekit/'];
const withHosts = (hosts: string): Container => frontend({ labels: { 'meet.host': hosts } });

describe('internal calls', () => {
  it('are two, and go to the backend', () => {
    expect(view(frontend(), backend()).webhooks).toEqual(paths.map((path) => ({ path, upstream: 'meet_meet.backend' })));
  });

  it('take plain paths only if the backend has guarded paths', () => {
    const guarded = backend({ labels: { 'meet.allow.staff': '/admin from 10.0.0.0/8' } });
    const expected = paths.map((path) => ({ path, upstream: 'meet_meet.backend', plainPathsOnly: true }));
    expect(view(frontend(), guarded).webhooks).toEqual(expected);
  });

  it.each([
    ['no backend', []],
    ['a backend that does not run', [backend({ state: 'exited' })]],
    ['a backend without the API', [backend({ labels: { 'meet.paths': '/admin' } })]],
    ['a service that answers the API instead', [filesService({ labels: { 'meet.paths': '/api' } })]],
  ])('answer 503 with %s', (_, containers) => {
    expect(view(frontend(), ...containers).webhooks).toEqual(paths.map((path) => ({ path })));
  });

  it('never go to a service with a longer path', () => {
    const thief = filesService({ labels: { 'meet.paths': paths.map((path) => `=${path}`).join(',') } });
    expect(view(frontend(), backend(), thief).webhooks).toEqual(paths.map((path) => ({ path, upstream: 'meet_meet.backend' })));
  });

  it.each([
    ['meet.example.com', 'meet.example.com'],
    ['*.example.com,visio.example.com,meet.example.com', 'visio.example.com'],
    ['*.example.com', undefined],
  ])('get the first usable host of %s: %s', (hosts, expected) => {
    expect(view(withHosts(hosts), backend()).webhookHost).toBe(expected);
  });

  it('need the label for a host', () => {
    expect(view(frontend(), backend())).not.toHaveProperty('webhookHost');
  });
});
