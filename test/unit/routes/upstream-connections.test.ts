import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { describeChange } from '../../../src/routes/change.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { LocationView, RoutingView } from '../../../src/routes/view.ts';
import { fillStructure } from '../../../src/routes/structure.ts';
import { backend, container, filesService, frontend, observe } from '../../support/containers.ts';

function plan(...containers: readonly Container[]): ReturnType<typeof planRouting> {
  const [instance] = readInstances(observe(containers)).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, [[1, 30, 3]]);
}

const view = (...containers: readonly Container[]): RoutingView => plan(...containers).view;
const locationOf = (of: RoutingView, path: string): LocationView | undefined =>
  of.groups.flatMap(({ locations }) => locations).find((one) => one.path === path);
const files = (labels: Readonly<Record<string, string>>): Container => filesService({ labels: { 'meet.paths': '/files', ...labels } });

describe('connections are kept', () => {
  it('to the SPA and to a service, with a second way for failed requests', () => {
    const planned = view(frontend(), backend());
    expect(planned.upstreams).toMatchObject([{ name: 'meet_meet.backend', keepalive: 'meet_meet.backend~kept' }]);
    const ways = { fresh: '@meet_fresh:meet_meet.backend', keepalive: 'meet_meet.backend~kept', streams: true };
    expect(locationOf(planned, '/api/')?.connections).toEqual(ways);
    expect(planned.spa.keepalive).toBe('meet-spa~kept');
    expect(planned.everythingElse.connections).toEqual({ fresh: '@meet_fresh:meet-spa', keepalive: 'meet-spa~kept', streams: true });
    expect(planned.fresh).toEqual([
      { name: '@meet_fresh:meet-spa', upstream: 'meet-spa' },
      { name: '@meet_fresh:meet_meet.backend', upstream: 'meet_meet.backend' },
    ]);
  });

  it('to a guarded service, and a large body does not bypass its guard', () => {
    const guarded = locationOf(view(frontend(), files({ 'meet.allow.a': '/ from 10.0.0.0/8' })), '/files');
    expect(guarded).toMatchObject({ guarded: 'meet_meet.files', connections: { keepalive: 'meet_meet.files~kept' } });
    expect(guarded?.connections).not.toHaveProperty('streams');
    // A template without support for guards has no upstream to pass a request to.
    expect(guarded).not.toHaveProperty('upstream');
  });

  it('with the times of the location on the second way, one per set of times', () => {
    const labels = { 'meet.connect-timeout': '1s', 'meet.route.long.path': '/long', 'meet.route.long.read-timeout': '20m' };
    const planned = view(frontend(), files(labels));
    expect(planned.fresh.slice(1)).toEqual([
      { name: '@meet_fresh:meet_meet.files:default:1s', upstream: 'meet_meet.files', connectTimeout: '1s' },
      { name: '@meet_fresh:meet_meet.files:20m:1s', upstream: 'meet_meet.files', readTimeout: '20m', connectTimeout: '1s' },
    ]);
    expect(locationOf(planned, '/long')?.connections?.fresh).toBe('@meet_fresh:meet_meet.files:20m:1s');
  });

  it('to the frontends behind a router, while there are any', () => {
    const networks = { meet_default: '172.18.0.30/16' };
    const router = container({ name: 'meet-router-1', project: 'meet', service: 'router', networks, labels: { 'meet.role': 'router' } });
    expect(view(router, frontend()).everythingElse).toHaveProperty('connections.keepalive');
    const alone = view(router);
    expect(alone.everythingElse).toEqual({ kind: 'below', path: '/' });
    expect(alone.fresh).toEqual([]);
  });
});

describe('connections are not kept', () => {
  it.each([
    { what: 'where the label says so', labels: { 'meet.keepalive': 'off' } },
    { what: 'where nginx counts connections', labels: { 'meet.balance': 'least-conn' } },
    { what: 'where nginx compares connections', labels: { 'meet.balance': 'random-two' } },
    { what: 'where a replica may have so many', labels: { 'meet.max-conns': '5' } },
    { what: 'where a connection may become a WebSocket', labels: { 'meet.websocket': 'true' } },
  ])('$what', ({ labels }) => {
    const planned = view(frontend(), files(labels));
    expect(planned.upstreams[0]).not.toHaveProperty('keepalive');
    expect(locationOf(planned, '/files')).not.toHaveProperty('connections.keepalive');
    // A large body is still streamed.
    expect(locationOf(planned, '/files')?.connections).toEqual({
      fresh: expect.stringMatching(/^@meet_fresh:meet_meet[.]files/) as string,
      streams: true,
    });
  });

  it.each([
    { what: 'whose path is replaced', labels: { 'meet.route.x.strip': 'true' } },
    { what: 'over https', labels: { 'meet.route.x.proto': 'https' } },
    { what: 'for WebSockets', labels: { 'meet.route.x.websocket': 'true' } },
  ])('for a route $what, while the others of the service keep theirs', ({ labels }) => {
    const planned = view(frontend(), files({ 'meet.route.x.path': '/x', ...labels }));
    expect(locationOf(planned, '/x')).not.toHaveProperty('connections.keepalive');
    expect(locationOf(planned, '/files')).toHaveProperty('connections.keepalive');
  });

  it('to a replica with max-conns, even with an older structure that keeps them', () => {
    const { structure } = plan(frontend(), files({}));
    const { addresses } = plan(frontend(), files({ 'meet.max-conns': '5' }));
    expect(locationOf(fillStructure(structure, addresses), '/files')).not.toHaveProperty('connections.keepalive');
  });

  it('to addresses from a structure in a file', () => {
    const { structure, addresses } = plan(frontend(), files({ 'meet.keepalive': 'off' }));
    const groups = structure.groups.map(({ title, locations }) => ({
      title,
      locations: locations.map((one) => ({ ...one, connections: { keepalive: 'x', fresh: '@x' } })),
    }));
    const filled = locationOf(fillStructure({ ...structure, groups }, addresses), '/files');
    expect(filled).not.toHaveProperty('connections.keepalive');
    expect(filled?.connections?.fresh).toBe('@meet_fresh:meet_meet.files');
  });
});

it('a change of kept connections is described', () => {
  const [on, off] = [view(frontend(), files({})), view(frontend(), files({ 'meet.keepalive': 'off' }))];
  expect(describeChange(on, off)).toEqual(['- meet/files keepalive']);
  expect(describeChange(off, on)).toEqual(['+ meet/files keepalive']);
});
