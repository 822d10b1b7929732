import { describe, expect, it } from 'vitest';
import type { Container, Observation } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Instance } from '../../../src/model/instance.ts';
import { createReadings } from '../../../src/model/readings.ts';
import { backend, frontend, observe } from '../../support/containers.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const networks = { n: '10.0.0.1/8' };
const meet = (project: string): readonly Container[] => [
  frontend({ name: `${project}-frontend`, project, networks }),
  backend({ name: `${project}-backend-1`, project, networks }),
  backend({ name: `${project}-backend-2`, project, networks }),
];

describe('reading again', () => {
  it('returns the same objects for unchanged instances, and reads only changed ones', () => {
    const readings = createReadings<Instance>();
    const [one, other] = [meet('one'), meet('other')];
    const before = readInstances(observe([...one, ...other]), {}, readings).instances;
    expect(readInstances(observe([...one, ...other]), {}, readings).instances).toEqual(before);
    expect(readInstances(observe([...one, ...other]), {}, readings).instances[0]).toBe(before[0]);
    const ended = other.map((container, index) => (index === 1 ? { ...container, state: 'exited' as const } : container));
    const after = readInstances(observe([...one, ...ended]), {}, readings).instances;
    expect(after[0]).toBe(before[0]);
    expect(after[1]?.services[0]?.replicas.map(({ inRotation }) => inRotation)).toEqual([false, true]);
  });

  it('reads an instance again after a new note about a container', () => {
    const readings = createReadings<Instance>();
    const containers = meet('one');
    readInstances(observe(containers), {}, readings);
    const notes = new Map([[containers[1]?.id ?? '', { drained: true }]]);
    const { instances } = readInstances({ containers, notes }, {}, readings);
    expect(instances[0]?.services[0]?.replicas.map(({ inRotation }) => inRotation)).toEqual([false, true]);
    expect(readInstances(observe(containers), {}, readings)).toEqual(readInstances(observe(containers)));
  });

  it('always gives the result of a fresh reading, problems included, after any changes', () => {
    const readings = createReadings<Instance>();
    const random = seededRandom(7);
    let containers: readonly Container[] = ['a', 'b', 'c'].flatMap(meet);
    for (let step = 0; step < 300; step += 1) {
      const index = Math.floor(random() * containers.length);
      containers = containers.flatMap((container, at) => (at === index ? changed(container, random) : [container]));
      const noted = containers[Math.floor(random() * containers.length)]?.id ?? '';
      const observation: Observation = { containers, notes: new Map(random() < 0.3 ? [[noted, { stop: 'in-progress' }]] : []) };
      expect(readInstances(observation, {}, readings)).toEqual(readInstances(observation));
    }
  });
});

/** One change of a container: removal, a second container, another state, another instance, or a bad label. */
function changed(container: Container, random: () => number): readonly Container[] {
  const labelled = (labels: Readonly<Record<string, string>>): readonly Container[] => [
    { ...container, labels: { ...container.labels, ...labels } },
  ];
  const twin = { ...container, id: `${Math.floor(random() * 1e9)}`, name: `${container.name}-twin` };
  const changes: readonly (() => readonly Container[])[] = [
    () => [],
    () => [container, twin],
    () => [{ ...container, state: container.state === 'running' ? 'exited' : 'running' }],
    () => labelled({ 'meet.instance': ['a', 'b', 'c', 'd'][Math.floor(random() * 4)] ?? 'a' }),
    () => labelled({ 'meet.port': random() < 0.5 ? 'nonsense' : '8001' }),
    () => [{ ...container, networkMode: `container:${container.id}` }],
  ];
  return changes[Math.floor(random() * changes.length)]?.() ?? [container];
}
