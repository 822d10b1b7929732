import { expect, it } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Instance } from '../../../src/model/instance.ts';
import { sinceAfter } from '../../../src/sidecar/since.ts';
import type { Since } from '../../../src/sidecar/since.ts';
import { backend, frontend, idOf, observe } from '../../support/containers.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute));
const meet = (...more: readonly Parameters<typeof backend>[0][]): Instance => {
  const backends = more.map((sketch, index) => backend({ networks: { meet_default: `172.18.0.${index + 5}/16` }, ...sketch }));
  const [instance] = readInstances(observe([frontend(), ...backends])).instances;
  if (instance === undefined) throw new Error('no instance was read, although there is a frontend');
  return instance;
};

it('is the time of the last change of a container: of health, rank, address or run', () => {
  let seen: Since | undefined;
  const note = (instance: Instance, date: Date): void => void (seen = sinceAfter(seen, instance, date));
  const since = (): string | undefined => seen?.entries.get(idOf('b'))?.at.slice(11, 16);
  expect(since()).toBeUndefined();
  note(meet({ name: 'b', health: 'starting' }), at(1));
  note(meet({ name: 'b', health: 'starting' }), at(2));
  expect(since()).toBe('00:01');
  note(meet({ name: 'b', health: 'healthy' }), at(3));
  expect(since()).toBe('00:03');
  note(meet({ name: 'b', health: 'healthy', endpointIds: ['another'] }), at(4));
  expect(since()).toBe('00:04');
  note(meet({ name: 'b', health: 'unhealthy', endpointIds: ['another'] }, { name: 'a', health: 'healthy' }), at(5));
  expect(since()).toBe('00:05');
  note(meet(), at(6));
  expect(since()).toBeUndefined();
});
