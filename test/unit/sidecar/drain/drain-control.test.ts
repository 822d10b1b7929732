import { describe, expect, it } from 'vitest';
import { createDrainControl } from '../../../../src/sidecar/drain/drain-control.ts';
import type { DrainControl } from '../../../../src/sidecar/drain/drain-control.ts';
import { createDrains } from '../../../../src/sidecar/drain/drains.ts';
import type { Container } from '../../../../src/model/container.ts';
import { readInstances } from '../../../../src/model/read-instances.ts';
import type { Instance } from '../../../../src/model/instance.ts';
import { backend, frontend } from '../../../support/containers.ts';

const replica = (name: string, host: number, more: Partial<Parameters<typeof backend>[0]> = {}): Container =>
  backend({ name, networks: { meet_default: `172.18.0.${host}/16` }, ...more });

/** Containers and proofs that the drain control reads at each call. */
interface World {
  containers: readonly Container[];
  unproven: string | undefined;
  /** The instances of the last pass; undefined for those of the current containers. */
  passed: readonly Instance[] | undefined;
  atMs: number;
  readonly control: DrainControl;
  inRotation(): readonly string[];
  states(names: readonly string[]): readonly string[];
}

function world(...containers: readonly Container[]): World {
  const drains = createDrains(() => undefined);
  const read = (): ReturnType<typeof readInstances>['instances'] =>
    readInstances({ containers: made.containers, notes: drains.notesFor(made.containers) }).instances;
  const made: World = {
    containers: [frontend(), ...containers],
    unproven: undefined,
    passed: undefined,
    atMs: 1000,
    control: createDrainControl(drains, {
      instances: () => made.passed ?? read(),
      missingProof: () => made.unproven,
      lingerMs: () => 2000,
      look: () => undefined,
      nowMs: () => made.atMs,
    }),
    inRotation: () =>
      read().flatMap(({ services }) =>
        services.flatMap(({ replicas }) => replicas.filter((one) => one.inRotation).map((one) => one.container.name)),
      ),
    states: (names) => made.control.drain(names).map(({ container, state }) => `${container} ${state}`),
  };
  return made;
}

describe('draining', () => {
  it('takes a container out at once, and reports it out when the change is proven and nginx sends no more requests', () => {
    const w = world(replica('b1', 5), replica('b2', 6));
    w.unproven = 'meet-frontend-1 is reloading';
    expect(w.states(['b1'])).toEqual(['b1 leaving']);
    expect(w.inRotation()).toEqual(['b2']);
    expect(w.control.drain(['b1'])[0]?.reason).toBe('meet-frontend-1 is reloading');
    w.unproven = undefined;
    expect(w.states(['b1'])).toEqual(['b1 leaving']);
    w.atMs += 1999;
    expect(w.states(['b1'])).toEqual(['b1 leaving']);
    w.atMs += 1;
    expect(w.states(['b1'])).toEqual(['b1 out']);
  });

  it('keeps a needed replica in until another is ready', () => {
    const w = world(replica('b1', 5));
    expect(w.states(['b1'])).toEqual(['b1 needed']);
    w.containers = [...w.containers, replica('b2', 6, { health: 'starting' })];
    expect(w.states(['b1'])).toEqual(['b1 needed']);
    w.containers = [...w.containers.slice(0, 2), replica('b2', 6, { health: 'healthy' })];
    expect(w.states(['b1'])).toEqual(['b1 leaving']);
    expect(w.inRotation()).toEqual(['b2']);
  });

  it('never drains two replicas that need each other', () => {
    const w = world(replica('b1', 5), replica('b2', 6));
    expect(w.states(['b1', 'b2'])).toEqual(['b1 needed', 'b2 needed']);
    expect(w.states(['b1'])).toEqual(['b1 leaving']);
    expect(w.states(['b2'])).toEqual(['b2 needed']);
    expect(w.inRotation()).toEqual(['b2']);
  });

  it('takes a drained replica in again when it is needed', () => {
    const w = world(replica('b1', 5), replica('b2', 6));
    w.states(['b1']);
    w.containers = w.containers.filter(({ name }) => name !== 'b2');
    expect(w.states(['b1'])).toEqual(['b1 needed']);
    expect(w.inRotation()).toEqual(['b1']);
  });

  it('is not done before a pass has seen it, since a starting replica is a standby until then', () => {
    const w = world(replica('b1', 5, { health: 'starting' }), replica('b2', 6));
    w.passed = readInstances({ containers: w.containers, notes: new Map() }).instances;
    expect(w.control.drain(['b1']).map(({ state }) => state)).toEqual(['leaving']);
    w.atMs += 5000;
    expect(w.control.drain(['b1']).map(({ state }) => state)).toEqual(['leaving']);
    w.passed = undefined;
    w.control.drain(['b1']);
    w.atMs += 2000;
    expect(w.control.drain(['b1']).map(({ state }) => state)).toEqual(['out']);
  });

  it('is over when the container ends or is removed', () => {
    const w = world(replica('b1', 5), replica('b2', 6));
    const [state] = w.control.drain(['b1']);
    w.containers = [frontend(), replica('b1', 5, { state: 'exited' }), replica('b2', 6)];
    expect(w.states(['b1'])).toEqual(['b1 gone']);
    w.containers = [frontend(), replica('b2', 6)];
    expect(w.control.drain([state?.id ?? '']).map((one) => one.state)).toEqual(['gone']);
  });

  it('is undone by a cancel', () => {
    const w = world(replica('b1', 5), replica('b2', 6));
    w.states(['b1']);
    w.control.cancel(['b1']);
    expect(w.inRotation()).toEqual(['b1', 'b2']);
  });

  it('can be cancelled for the remaining containers when another is removed', () => {
    const w = world(replica('b1', 5), replica('b2', 6), replica('b3', 7));
    const ids = w.control.drain(['b1', 'b2']).map(({ id }) => id);
    w.containers = w.containers.filter(({ name }) => name !== 'b1');
    w.control.cancel(ids);
    expect(w.inRotation()).toEqual(['b2', 'b3']);
  });

  it('understands the first letters of an id', () => {
    const w = world(replica('b1', 5, { id: `aaaa1${'0'.repeat(59)}` }), replica('b2', 6, { id: `aaaa2${'0'.repeat(59)}` }));
    expect(w.states(['aaaa1'])).toEqual(['b1 leaving']);
    expect(() => w.states(['aaaa'])).toThrow('several containers have an id that starts with aaaa');
    expect(() => w.states(['aaa'])).toThrow('meet-gen knows no container aaa');
  });

  it.each([
    ['meet-bakend-1', 'did you mean meet-backend-1'],
    ['meet-backend-3', 'no container meet-backend-3; known are meet-backend-1, meet-backend-2'],
    ['meet-frontend-1', 'is a frontend'],
    ['x\u001b[2J', 'no container x\\u{1b}[2J; known are meet-backend-1, meet-backend-2'],
  ])('refuses the name %j with the reason, and changes nothing', (name, expected) => {
    const w = world(replica('meet-backend-1', 5), replica('meet-backend-2', 6));
    expect(() => w.states(['meet-backend-1', name])).toThrow(expected);
    expect(w.inRotation()).toEqual(['meet-backend-1', 'meet-backend-2']);
  });
});
