import { describe, expect, it } from 'vitest';
import type { Container, Note } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { removesServer } from '../../../src/routes/removal.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { RoutingPlan } from '../../../src/routes/plan.ts';
import { fillStructure } from '../../../src/routes/structure.ts';
import type { ContainerSketch } from '../../support/containers.ts';
import { backend, container, frontend, observe } from '../../support/containers.ts';

function router(sketch: Partial<ContainerSketch> = {}): Container {
  return container({
    name: 'meet-router-1',
    project: 'meet',
    service: 'router',
    networks: { meet_default: '172.18.0.30/16' },
    ...sketch,
    labels: { 'meet.role': 'router', ...sketch.labels },
  });
}

function second(sketch: Partial<ContainerSketch> = {}): Container {
  return frontend({ name: 'meet-frontend-2', networks: { meet_default: '172.18.0.3/16' }, ...sketch });
}

function read(containers: readonly Container[], stopping: readonly string[] = [], notes: Readonly<Record<string, Note>> = {}) {
  const { instances, problems } = readInstances(observe(containers, stopping, notes));
  const [instance] = instances;
  if (instance === undefined) throw new Error('there is an instance');
  const plan: RoutingPlan = planRouting(instance, []);
  return { instance, plan, problems };
}

describe('an instance with a router', () => {
  it('includes the file in the router, and has the SPA in the frontends', () => {
    const { instance, plan, problems } = read([router(), frontend(), second(), backend()]);
    expect(problems).toEqual([]);
    expect(instance.frontends.map((one) => one.container.name)).toEqual(['meet-router-1']);
    expect(plan.view.spa.servers).toEqual(['172.18.0.2:8080', '172.18.0.3:8080']);
    expect(plan.view.spa.backups).toEqual([]);
    expect(plan.problems).toEqual([]);
  });

  it.each([
    ['stopping', read([router(), frontend(), second(), backend()], ['meet-frontend-2'])],
    ['unhealthy', read([router(), frontend(), second({ health: 'unhealthy' }), backend()])],
    ['exited', read([router(), frontend(), second({ state: 'exited' }), backend()])],
    ['drained', read([router(), frontend(), second(), backend()], [], { 'meet-frontend-2': { drained: true } })],
    ['crashing', read([router(), frontend(), second(), backend()], [], { 'meet-frontend-2': { isOnCrashHold: true } })],
  ])('sends the SPA’s requests to no frontend that is %s, and that never waits', (_, { plan }) => {
    expect([plan.view.spa.servers, plan.view.spa.backups]).toEqual([['172.18.0.2:8080'], []]);
    expect(removesServer(read([router(), frontend(), second(), backend()]).plan.view, plan.view)).toBe(true);
  });

  it('makes a frontend a standby that is about to be ready', () => {
    expect(read([router(), frontend(), second({ health: 'starting' })]).plan.view.spa.backups).toEqual(['172.18.0.3:8080']);
  });

  it('reaches each frontend at its own port', () => {
    const { plan } = read([router(), frontend({ labels: { 'meet.port': '8083' } }), second({ labels: { 'meet.port': '80' } }), backend()]);
    expect(plan.view.spa.servers).toEqual(['172.18.0.2:8083', '172.18.0.3:80']);
    expect(plan.problems).toEqual([]);
  });

  it('uses the labels of the router, not of the frontends', () => {
    const labels = { 'meet.listen': '80', 'meet.status-port': '8080', 'meet.host': 'meet.example.com', 'meet.body-size': '5M' };
    const others = { 'meet.listen': '81', 'meet.status-port': '82', 'meet.host': 'x.example.com', 'meet.body-size': '1M' };
    const { plan } = read([router({ labels }), frontend({ labels: others }), backend()]);
    expect(plan.view).toMatchObject({ listenPort: 80, statusPort: 8080, serverNames: ['meet.example.com'], bodySize: '5M' });
    expect(plan.problems).toEqual([]);
  });

  it('answers 503 for the SPA without a frontend, with a problem', () => {
    const { plan, problems } = read([router(), backend({ labels: { 'meet.paths': '/api/' } })]);
    expect(plan.view.spa.servers).toEqual([]);
    expect(plan.view.groups[0]?.locations[0]).toEqual({ kind: 'exact', path: '/api' });
    expect(problems).toMatchObject([{ code: 'no-frontend' }]);
  });

  it('needs a router in its own project', () => {
    const foreign = router({ name: 'evil-router-1', project: 'evil', labels: { 'meet.instance': 'meet' } });
    const { instance, plan } = read([foreign, frontend(), backend()]);
    expect(instance.frontends.map((one) => one.container.name)).toEqual(['meet-frontend-1']);
    expect(plan).toEqual(read([frontend(), backend()]).plan);
  });

  it('has no frontends of other projects behind it', () => {
    const foreign = frontend({
      name: 'evil-frontend-1',
      project: 'evil',
      labels: { 'meet.instance': 'meet' },
      networks: { meet_default: '172.18.0.66/16' },
    });
    expect(read([router(), frontend(), foreign]).plan.view.spa.servers).toEqual(['172.18.0.2:8080']);
  });

  it('sends the SPA’s requests to the frontends also with a structure from before the router', () => {
    const before = read([frontend(), second(), backend()]).plan.structure;
    const { addresses } = read([router(), frontend(), second(), backend()]).plan;
    expect(fillStructure(before, addresses).spa).toMatchObject({ servers: ['172.18.0.2:8080', '172.18.0.3:8080'], backups: [] });
  });

  it('keeps a router that crashes repeatedly', () => {
    const { instance } = read([router(), frontend()], [], { 'meet-router-1': { isOnCrashHold: true, crashes: 3 } });
    expect(instance.frontends[0]?.standing.rank).toBe('ready');
  });
});
