import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { fullAfterReload, throttledForMs, isExempt } from '../../../src/reload/throttle.ts';
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

/** When the whole burst is free again, after this many reloads at one moment. */
function after(reloads: number, atMs: number, fullAtMs = 0): number {
  let full = fullAtMs;
  for (let count = 0; count < reloads; count += 1) full = fullAfterReload(full, atMs);
  return full;
}

describe('the throttle of reloads', () => {
  it('allows thirty in a row', () => {
    expect(throttledForMs(after(29, 1000), 1000)).toBe(0);
    expect(throttledForMs(after(30, 1000), 1000)).toBe(2000);
  });

  it('allows one more every two seconds', () => {
    const full = after(30, 1000);
    expect(throttledForMs(full, 2500)).toBe(500);
    expect(throttledForMs(full, 3000)).toBe(0);
    const again = after(1, 3000, full);
    expect([throttledForMs(again, 3000), throttledForMs(again, 5000)]).toEqual([2000, 0]);
  });

  it('allows thirty again after a minute, and never more', () => {
    const full = after(29, 100_000, after(30, 1000));
    expect(throttledForMs(full, 100_000)).toBe(0);
    expect(throttledForMs(after(1, 100_000, full), 100_000)).toBe(2000);
  });
});

describe('changes that skip the throttle', () => {
  const one = view(replica(5));
  const two = view(replica(5), replica(6));

  it('include a change that removes a server', () => {
    expect(isExempt(one, view())).toBe(true);
    expect(isExempt(one, view(replica(6)))).toBe(true);
  });

  it('include a change that adds a standby', () => {
    expect(isExempt(one, view(replica(5), replica(6, 'starting')))).toBe(true);
  });

  it('do not include an addition or the first file', () => {
    expect(isExempt(one, two)).toBe(false);
    expect(isExempt(undefined, two)).toBe(false);
  });
});
