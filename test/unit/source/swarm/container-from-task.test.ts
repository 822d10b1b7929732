import { expect, it } from 'vitest';
import type { Container } from '../../../../src/model/container.ts';
import { containerFromTask, isHistory } from '../../../../src/source/swarm/container-from-task.ts';
import { readServices } from '../../../../src/source/swarm/read-services.ts';
import { readTasks } from '../../../../src/source/swarm/read-tasks.ts';
import type { Task } from '../../../../src/source/swarm/read-tasks.ts';
import { serviceEntry, taskEntry } from '../../../support/swarm-objects.ts';

function task(sketch: Parameters<typeof taskEntry>[0] = {}): Task {
  const [only] = readTasks([taskEntry(sketch)]).values();
  if (only === undefined) throw new Error('no task was read');
  return only;
}

function containerOf(sketch: Parameters<typeof taskEntry>[0] = {}, serviceLabels: unknown = {}, node?: string): Container | undefined {
  const [service] = readServices([serviceEntry({ labels: serviceLabels })]).values();
  if (service === undefined) throw new Error('no service was read');
  return containerFromTask(task(sketch), service, node, undefined);
}

it('maps a running task', () => {
  expect(containerOf({ id: 'abc', slot: 3 })).toEqual({
    id: 'abc',
    name: 'meet_backend.3.abc',
    imageId: 'lasuite/meet:1',
    createdAtSeconds: Date.parse('2026-11-28T23:00:00Z') / 1000,
    state: 'running',
    health: 'healthy-or-none',
    labels: { 'meet.role': 'backend', 'com.docker.swarm.service.name': 'meet_backend' },
    networkMode: '',
    networks: [{ name: 'meet_internal', ipv4: '10.0.1.5', ipv4PrefixLength: 24 }],
    endpointIds: ['id-of-meet_internal 10.0.1.5 '],
    exposedTcpPorts: [],
    portsUnknown: expect.stringContaining('a swarm') as string,
  });
});

it('a task of a global service has the id of its node in its name', () => {
  expect(containerOf({ id: 'abc', node: 'n7' })?.name).toBe('meet_backend.n7.abc');
});

it.each([
  ['new', 'running', 'created', undefined],
  ['pending', 'running', 'created', undefined],
  ['assigned', 'running', 'created', undefined],
  ['accepted', 'running', 'created', undefined],
  ['preparing', 'running', 'created', undefined],
  ['ready', 'ready', 'created', undefined],
  ['starting', 'running', 'created', undefined],
  ['running', 'running', 'running', undefined],
  ['running', 'shutdown', 'running', true],
  ['running', 'remove', 'running', true],
  ['running', 'ready', 'running', true],
  ['running', 'something new', 'running', true],
  ['complete', 'running', 'exited', undefined],
  ['failed', 'running', 'exited', undefined],
  ['something new', 'running', 'exited', undefined],
] as const)('%s, desired %s: %s, stopping %s', (state, desired, expected, isStopping) => {
  const found = containerOf({ state, desired });
  expect(found?.state).toBe(expected);
  expect(found?.isStopping).toBe(isStopping);
  expect(found?.standsBy).toBe(isStopping);
});

it.each(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned'] as const)('%s is history once it is replaced', (state) => {
  expect(isHistory(task({ state, desired: 'shutdown' }))).toBe(true);
  expect(isHistory(task({ state, desired: 'running' }))).toBe(false);
});

it.each(['starting', 'running'] as const)('%s is never history', (state) => {
  expect(isHistory(task({ state, desired: 'shutdown' }))).toBe(false);
});

it('has no address before it runs', () => {
  expect(containerOf({ state: 'starting' })).toMatchObject({ networks: [{ name: 'meet_internal' }], endpointIds: [] });
});

it('labels of the service win over those of the container, and no label can change the name of the service', () => {
  const labels = { 'meet.role': 'backend', 'meet.port': '1', 'com.docker.swarm.service.name': 'forged' };
  expect(containerOf({ labels }, { 'meet.port': '2', 'meet.drain': 'true' })?.labels).toEqual({
    'meet.role': 'backend',
    'meet.port': '2',
    'meet.drain': 'true',
    'com.docker.swarm.service.name': 'meet_backend',
  });
});

it('drops the labels of compose: a stack file can set them, and its project is the stack', () => {
  const compose = {
    'com.docker.compose.project': 'meet',
    'com.docker.compose.service': 'backend',
    'com.docker.compose.oneoff': 'True',
  };
  const container = containerOf({ labels: { 'meet.role': 'backend', ...compose } }, { 'com.docker.stack.namespace': 'other', ...compose });
  expect(container?.labels).toEqual({
    'meet.role': 'backend',
    'com.docker.stack.namespace': 'other',
    'com.docker.swarm.service.name': 'meet_backend',
  });
});

it('only a task with a role becomes a container; the role is on the task or on the service', () => {
  expect(containerOf({ labels: { 'meet.port': '1' } })).toBeUndefined();
  expect(containerOf({ labels: {} }, { 'meet.role': 'backend' })?.labels['meet.role']).toBe('backend');
});

it('a task of another node is elsewhere, if the own node is known', () => {
  expect(containerOf({ node: 'n1' }, {}, 'n1')).not.toHaveProperty('isElsewhere');
  expect(containerOf({ node: 'n1' }, {}, 'n2')?.isElsewhere).toBe(true);
  expect(containerOf({ node: 'n1' })).not.toHaveProperty('isElsewhere');
});

function many(from: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`meet.allow.a${from + index}`, '/']));
}

it('labels that cannot be read make the container unreadable, on the task and on the service', () => {
  expect(containerOf({ labels: { 'meet.role': 'backend', 'meet.port': 1 } })?.unreadable).toBe('it has labels whose values are not text');
  expect(containerOf({}, { 'meet.allow.a': null })?.unreadable).toBe('it has labels whose values are not text');
  expect(containerOf({ labels: { 'meet.role': 'backend', ...many(0) } }, many(300))?.unreadable).toContain('601 labels');
});
