import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { addsStandby, removesServer } from '../../../src/routes/removal.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { RoutingView } from '../../../src/routes/view.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

function view(...containers: readonly Container[]): RoutingView {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, []).view;
}

const first = backend({ name: 'b1', networks: { meet_default: '172.18.0.5/16' } });
const second = backend({ name: 'b2', networks: { meet_default: '172.18.0.6/16' } });
const starting = { ...second, health: 'starting' } as const;
const otherFrontend = frontend({ name: 'f2', networks: { meet_default: '172.18.0.3/16' } });

describe('a removed server', () => {
  it.each([
    ['a replica comes', view(first), view(first, second), false],
    ['the first one comes', view(), view(first), false],
    ['a service comes', view(first), view(first, filesService()), false],
    ['nothing changes', view(first), view(first), false],
    ['only a setting changes', view(first), view({ ...first, labels: { ...first.labels, 'meet.read-timeout': '10s' } }), false],
    ['a replica goes', view(first, second), view(second), true],
    ['the last one goes', view(first), view(), true],
    ['one goes and another comes', view(first), view(second), true],
    ['a replica becomes a standby', view(first, second), view(first, { ...second, demoted: 'a doubt', standsBy: true }), true],
    ['a ready replica and a starting one swap places', view(second, { ...first, health: 'starting' }), view(first, starting), false],
    ['a standby joins the rotation', view(first, starting), view(first, second), false],
    ['a standby goes', view(first, starting), view(first), true],
    ['a service goes', view(first, filesService()), view(first), true],
    [
      'an address moves from one service to another',
      view(backend({ networks: { meet_default: '172.18.0.9/16' } })),
      view(filesService({ labels: { 'meet.port': '8000' } })),
      true,
    ],
    ['another frontend goes, which the SPA falls back on', view(first, otherFrontend), view(first), true],
  ])('%s', (_, before, after, expected) => {
    expect(removesServer(before, after)).toBe(expected);
  });
});

describe('a new standby', () => {
  it.each([
    ['one that starts, beside one that is ready', view(first), view(first, starting), true],
    ['one that starts, where nobody is ready', view(), view(starting), false],
    ['it becomes ready', view(first, starting), view(first, second), false],
    ['it goes', view(first, starting), view(first), false],
    ['one comes that is ready at once', view(first), view(first, second), false],
  ])('%s', (_, before, after, expected) => {
    expect(addsStandby(before, after)).toBe(expected);
  });
});
