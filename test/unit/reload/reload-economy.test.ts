import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { createReloadEconomy } from '../../../src/reload/reload-economy.ts';
import type { ReloadEconomy } from '../../../src/reload/reload-economy.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { RoutingView } from '../../../src/routes/view.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

const replica = (host: number, health: Container['health'] = 'none'): Container =>
  backend({ name: `b${host}`, networks: { meet_default: `172.18.0.${host}/16` }, health });

function view(...containers: readonly Container[]): RoutingView {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, []).view;
}

const one = view(replica(5));
const two = view(replica(5), replica(6));

/** An economy that has let a second replica in so many times in a row, and out again. */
function after(rounds: number): ReloadEconomy {
  const economy = createReloadEconomy();
  economy.published('meet', one, false, 1000);
  for (let round = 0; round < rounds; round += 1) {
    economy.published('meet', two, true, 1000);
    economy.published('meet', one, true, 1000);
  }
  return economy;
}

describe('which changes may wait', () => {
  it('none before reloads come too fast', () => {
    expect(after(29).waitMs('meet', two, 1000)).toBe(0);
  });

  it('one that only adds, from then on, and not for long', () => {
    expect(after(30).waitMs('meet', two, 1000)).toBe(2000);
    expect(after(300).waitMs('meet', two, 1000 + 540_000 + 60_000)).toBe(0);
  });

  it('never one that takes a server out, whatever it adds', () => {
    const economy = after(30);
    expect(economy.waitMs('meet', view(), 1000)).toBe(0);
    expect(economy.waitMs('meet', view(replica(6)), 1000)).toBe(0);
  });

  it('one that brings somebody to stand by has reloads of its own', () => {
    const economy = after(30);
    const withStandby = view(replica(5), replica(6, 'starting'));
    expect(economy.waitMs('meet', withStandby, 1000)).toBe(0);
    for (let round = 0; round < 30; round += 1) {
      economy.published('meet', withStandby, true, 1000);
      economy.published('meet', one, true, 1000);
    }
    expect(economy.waitMs('meet', withStandby, 1000)).toBe(2000);
  });

  it('never the first of an instance, nor of one that was forgotten', () => {
    const economy = after(30);
    expect(economy.waitMs('other', two, 1000)).toBe(0);
    economy.retain(new Set(['other']));
    expect(economy.waitMs('meet', two, 1000)).toBe(0);
  });
});
