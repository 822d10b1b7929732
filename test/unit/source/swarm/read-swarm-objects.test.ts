import { expect, it } from 'vitest';
import { readServices } from '../../../../src/source/swarm/read-services.ts';
import { readTasks } from '../../../../src/source/swarm/read-tasks.ts';
import { serviceEntry, taskEntry } from '../../../support/swarm-objects.ts';

it('reads the needed fields of a task alone', () => {
  const [task] = readTasks([
    taskEntry({ id: 't1', version: 7, slot: 2, networks: { meet_internal: ['10.0.1.5/24', 'fd00::5/64'] } }),
  ]).values();
  expect(task).toEqual({
    id: 't1',
    version: 7,
    serviceId: 'svc',
    slot: 2,
    nodeId: 'node-1',
    createdAtSeconds: Date.parse('2026-11-28T23:00:00Z') / 1000,
    image: 'lasuite/meet:1',
    state: 'running',
    desired: 'running',
    labels: { 'meet.role': 'backend' },
    networks: [
      {
        id: 'id-of-meet_internal',
        attachment: { name: 'meet_internal', ipv4: '10.0.1.5', ipv4PrefixLength: 24, ipv6: 'fd00::5', ipv6PrefixLength: 64 },
      },
    ],
  });
});

it('reads the needed fields of a service alone', () => {
  const [service] = readServices([serviceEntry({ labels: { 'meet.drain': 'true' }, update: 'updating' })]).values();
  expect(service).toEqual({ id: 'svc', version: 1, name: 'meet_backend', labels: { 'meet.drain': 'true' }, isUpdating: true });
});

it.each([
  ['updating', true],
  ['rollback_started', true],
  ['completed', false],
  ['paused', false],
  [undefined, false],
])('a service with the update state %s is updating: %s', (update, isUpdating) => {
  const [service] = readServices([serviceEntry(update === undefined ? {} : { update })]).values();
  expect(service?.isUpdating).toBe(isUpdating);
});

const broken: readonly (readonly [name: string, answer: unknown, reason: string])[] = [
  ['an object', {}, 'is not a list'],
  ['nothing', undefined, 'is not a list'],
  ['a text', '[]', 'is not a list'],
  ['an entry that is no object', [null], 'has no usable id'],
  ['an entry without an id', [{ Version: { Index: 1 } }], 'has no usable id'],
  ['an entry with an empty id', [{ ID: '', Version: { Index: 1 } }], 'has no usable id'],
  ['an id of 65 characters', [{ ID: 'x'.repeat(65), Version: { Index: 1 } }], 'has no usable id'],
  ['an entry without a version', [{ ID: 'x' }], 'has no version'],
  ['a version that is text', [{ ID: 'x', Version: { Index: '1' } }], 'has no version'],
  ['a version that is no whole number', [{ ID: 'x', Version: { Index: 1.5 } }], 'has no version'],
  ['10,001 entries', Array.from({ length: 10_001 }, (_, index) => ({ ID: `t${index}`, Version: { Index: 1 } })), 'more than 10000'],
];

it.each(broken)('refuses a list of %s', (_, answer, reason) => {
  expect(() => readTasks(answer)).toThrow(reason);
  expect(() => readServices(answer)).toThrow(reason);
});

it('accepts an empty list and 10,000 entries', () => {
  expect(readTasks([]).size).toBe(0);
  expect(readTasks(Array.from({ length: 10_000 }, (_, index) => ({ ID: `t${index}`, Version: { Index: 1 } }))).size).toBe(10_000);
});

it('counts a missing field, or one of another type, as absent', () => {
  const [bare] = readTasks([{ ID: 't', Version: { Index: 1 } }]).values();
  expect(bare).toEqual({
    id: 't',
    version: 1,
    serviceId: '',
    nodeId: '',
    createdAtSeconds: 0,
    image: '',
    state: 'orphaned',
    desired: 'orphaned',
    labels: {},
    networks: [],
  });
  const odd = { ID: 't', Version: { Index: 1 }, Slot: '1', NodeID: 5, Status: 'running', Spec: [], NetworksAttachments: {}, CreatedAt: 1 };
  expect([...readTasks([odd]).values()]).toEqual([bare]);
});

it.each([0, -1, 1.5, '1', null])('a slot of %s counts as absent', (slot) => {
  const [task] = readTasks([taskEntry({ slot })]).values();
  expect(task).not.toHaveProperty('slot');
});

it.each([
  ['10.0.1.5', { ipv4: '10.0.1.5' }],
  ['10.0.1.5/33', { ipv4: '10.0.1.5' }],
  ['10.0.1.5/24/8', { ipv4: '10.0.1.5', ipv4PrefixLength: 24 }],
  ['10.0.1', {}],
  ['fe80::1%eth0/64', {}],
  ['10.0.1.5;x/24', {}],
])('reads the address %s', (address, expected) => {
  const [task] = readTasks([taskEntry({ networks: { one: [address] } })]).values();
  expect(task?.networks).toEqual([{ id: 'id-of-one', attachment: { name: 'one', ...expected } }]);
});

it('leaves out the network ingress, under any name', () => {
  const renamed = { Network: { ID: 'x', Spec: { Name: 'mesh', Ingress: true } }, Addresses: ['10.0.0.4/24'] };
  const entry = { ...taskEntry({ networks: { ingress: ['10.0.0.3/24'], own: ['10.0.1.5/24'] } }) } as { NetworksAttachments: object[] };
  const [task] = readTasks([{ ...entry, NetworksAttachments: [...entry.NetworksAttachments, renamed] }]).values();
  expect(task?.networks.map(({ attachment }) => attachment.name)).toEqual(['own']);
});

it('cuts labels to their limits, and refuses labels that are not text', () => {
  const [long] = readTasks([taskEntry({ labels: { 'meet.role': 'backend', 'meet.paths': 'x'.repeat(9000) } })]).values();
  expect(long?.labels['meet.paths']).toHaveLength(8193);
  const [odd] = readTasks([taskEntry({ labels: { 'meet.role': 'backend', 'meet.allow.a': 5 } })]).values();
  expect(odd).toMatchObject({ labels: { 'meet.role': 'backend' }, unreadable: 'it has labels whose values are not text' });
  const [networks] = readTasks([
    taskEntry({ networks: Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`n${index}`, []])) }),
  ]).values();
  expect(networks).toMatchObject({ networks: [], unreadable: 'it has 257 networks, more than 256' });
});

it('keeps an unchanged object, and an unchanged list', () => {
  const first = readTasks([taskEntry({ id: 'a', version: 1 }), taskEntry({ id: 'b', version: 1 })]);
  expect(readTasks([taskEntry({ id: 'a', version: 1 }), taskEntry({ id: 'b', version: 1 })], first)).toBe(first);
  const second = readTasks([taskEntry({ id: 'a', version: 1 }), taskEntry({ id: 'b', version: 2, state: 'failed' })], first);
  expect(second).not.toBe(first);
  expect(second.get('a')).toBe(first.get('a'));
  expect(second.get('b')?.state).toBe('failed');
  expect([...readTasks([taskEntry({ id: 'a', version: 1 })], first).keys()]).toEqual(['a']);
});
