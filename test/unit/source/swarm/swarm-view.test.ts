import { expect, it } from 'vitest';
import { createEventMemory } from '../../../../src/loop/event-memory.ts';
import type { EngineEvent } from '../../../../src/model/engine-event.ts';
import { readServices } from '../../../../src/source/swarm/read-services.ts';
import { readTasks } from '../../../../src/source/swarm/read-tasks.ts';
import {
  afterDns,
  afterRead,
  changesBetween,
  emptyView,
  hasUnknownService,
  isChanging,
  isOlder,
  runningTasks,
} from '../../../../src/source/swarm/swarm-view.ts';
import type { SwarmReading, SwarmView } from '../../../../src/source/swarm/swarm-view.ts';
import { serviceEntry, taskEntry } from '../../../support/swarm-objects.ts';

type Sketch = Parameters<typeof taskEntry>[0];

const backend = serviceEntry();

function reading(tasks: readonly Sketch[], services: readonly object[] = [backend], before?: SwarmReading): SwarmReading {
  return { services: readServices(services, before?.services), tasks: readTasks(tasks.map(taskEntry), before?.tasks) };
}

function view(tasks: readonly Sketch[], services?: readonly object[]): SwarmView {
  return afterRead(emptyView('node-1'), reading(tasks, services));
}

function next(before: SwarmView, tasks: readonly Sketch[], services?: readonly object[]): SwarmView {
  return afterRead(before, reading(tasks, services, before));
}

/** `start a`, with `?` if the end may be a stop. */
function told(before: SwarmView, now: SwarmView): readonly string[] {
  return changesBetween(before.containers, now).map(
    ({ action, containerId, mayBeStop }) => `${action} ${containerId}${mayBeStop ? '?' : ''}`,
  );
}

it('an unchanged read keeps the view, and an irrelevant change keeps its containers', () => {
  const before = view([{ id: 'a' }, { id: 'x', labels: {} }]);
  expect(next(before, [{ id: 'a' }, { id: 'x', labels: {} }])).toBe(before);
  const now = next(before, [{ id: 'a' }, { id: 'x', labels: {}, version: 2, state: 'failed' }]);
  expect(now).not.toBe(before);
  expect(now.containers).toBe(before.containers);
});

it('an unchanged container stays the same object beside a changed one', () => {
  const before = view([{ id: 'a' }, { id: 'b' }]);
  const now = next(before, [{ id: 'a' }, { id: 'b', version: 2, desired: 'shutdown' }]);
  expect(now.containers.get('a')).toBe(before.containers.get('a'));
  expect(now.containers.get('b')?.isStopping).toBe(true);
});

it('a task becomes a container when its service is known', () => {
  const before = view([{ id: 'a', service: 'later' }]);
  expect([...before.containers]).toEqual([]);
  const now = next(before, [{ id: 'a', service: 'later' }], [backend, serviceEntry({ id: 'later', name: 'meet_api' })]);
  expect(now.containers.get('a')?.name).toBe('meet_api.node-1.a');
});

it('a removed service stays while it has tasks', () => {
  const before = view([{ id: 'a' }]);
  const leaving = next(before, [{ id: 'a', version: 2, desired: 'remove' }], []);
  expect(leaving.containers.get('a')).toMatchObject({ name: 'meet_backend.node-1.a', isStopping: true });
  const gone = next(leaving, [], []);
  expect([gone.services.size, gone.containers.size]).toEqual([0, 0]);
});

it('the addresses of a read replace all others, also if services exchange theirs', () => {
  const api = serviceEntry({ id: 'api', name: 'meet_api' });
  const before = view(
    [
      { id: 'a', networks: { n: ['10.0.1.5/24'] } },
      { id: 'b', service: 'api', networks: { n: ['10.0.1.6/24'] } },
    ],
    [backend, api],
  );
  const now = next(
    before,
    [
      { id: 'c', networks: { n: ['10.0.1.6/24'] } },
      { id: 'd', service: 'api', networks: { n: ['10.0.1.5/24'] } },
    ],
    [backend, api],
  );
  const byName = Object.fromEntries([...now.containers.values()].map(({ name, networks }) => [name, networks[0]?.ipv4]));
  expect(byName).toEqual({ 'meet_backend.node-1.c': '10.0.1.6', 'meet_api.node-1.d': '10.0.1.5' });
});

const versions: readonly (readonly [name: string, now: readonly Sketch[], services: readonly object[], expected: boolean])[] = [
  ['the same versions', [{ id: 'a', version: 5 }], [serviceEntry({ version: 5 })], false],
  ['newer versions', [{ id: 'a', version: 6 }], [serviceEntry({ version: 6 })], false],
  ['an older task', [{ id: 'a', version: 4 }], [serviceEntry({ version: 5 })], true],
  ['an older service', [{ id: 'a', version: 6 }], [serviceEntry({ version: 4 })], true],
  ['a new task with a low version', [{ id: 'b', version: 1 }], [serviceEntry({ version: 5 })], false],
  ['nothing', [], [], false],
];

it.each(versions)('a read with %s', (_, tasks, services, expected) => {
  const before = view([{ id: 'a', version: 5 }], [serviceEntry({ version: 5 })]);
  expect(isOlder(before, reading(tasks, services))).toBe(expected);
});

it('knows whether a task has a service that no read has shown', () => {
  const before = view([]);
  expect(hasUnknownService(before, { services: before.services, tasks: readTasks([taskEntry()]) })).toBe(false);
  expect(hasUnknownService(before, { services: before.services, tasks: readTasks([taskEntry({ service: 'new' })]) })).toBe(true);
  expect(hasUnknownService(before, { services: new Map(), tasks: readTasks([taskEntry()]) })).toBe(false);
});

const steps: readonly (readonly [name: string, before: readonly Sketch[], now: readonly Sketch[], expected: readonly string[]])[] = [
  ['a task appears before it runs', [], [{ id: 'a', state: 'pending' }], ['update a']],
  ['a task appears running', [], [{ id: 'a' }], ['start a']],
  ['a task begins to run', [{ id: 'a', state: 'starting' }], [{ id: 'a', version: 2 }], ['start a']],
  ['a task leaves', [{ id: 'a' }], [{ id: 'a', version: 2, desired: 'shutdown' }], ['update a']],
  ['a task fails', [{ id: 'a' }], [{ id: 'a', version: 2, state: 'failed' }], ['die a']],
  [
    'a failed task is replaced',
    [{ id: 'a' }],
    [
      { id: 'a', version: 2, state: 'failed', desired: 'shutdown' },
      { id: 'b', state: 'ready', desired: 'ready' },
    ],
    ['update b', 'die a'],
  ],
  ['a leaving task fails', [{ id: 'a', desired: 'shutdown' }], [{ id: 'a', version: 2, state: 'failed', desired: 'shutdown' }], ['die a?']],
  ['a task completes', [{ id: 'a' }], [{ id: 'a', version: 2, state: 'complete', desired: 'shutdown' }], ['die a?']],
  ['a task was shut down', [{ id: 'a' }], [{ id: 'a', version: 2, state: 'shutdown', desired: 'shutdown' }], ['die a?']],
  ['a task is gone', [{ id: 'a' }], [], ['die a?']],
  ['a task that never ran is gone', [{ id: 'a', state: 'pending' }], [], ['destroy a']],
  ['a task changes in no way that counts', [{ id: 'a' }], [{ id: 'a', version: 2 }], []],
  ['history appears', [], [{ id: 'a', state: 'failed', desired: 'shutdown' }], []],
  ['a task without a role appears', [], [{ id: 'a', labels: {} }], []],
];

it.each(steps)('%s: events', (_, before, now, expected) => {
  const first = view(before);
  expect(told(first, next(first, now))).toEqual(expected);
});

it('a change of deploy.labels is an update of each task', () => {
  const before = view([{ id: 'a' }, { id: 'b' }]);
  const drained = serviceEntry({ version: 2, labels: { 'meet.drain': 'true' } });
  expect(told(before, next(before, [{ id: 'a' }, { id: 'b' }], [drained]))).toEqual(['update a', 'update b']);
});

/** Whether the loop counts the end of `a` as a crash. */
function isCrash(before: SwarmView, now: SwarmView): boolean {
  const memory = createEventMemory();
  memory.notesFor([...before.containers.values()], 1000, 1000);
  const event = changesBetween(before.containers, now).find(({ containerId }) => containerId === 'a');
  return memory.note(event as EngineEvent, 2000, 2000);
}

it('only a task that failed without leaving counts as crashed', () => {
  const [running, leaving] = [view([{ id: 'a' }]), view([{ id: 'a', desired: 'shutdown' }])];
  const failed = { id: 'a', version: 3, state: 'failed', desired: 'shutdown' };
  expect(isCrash(running, next(running, [failed]))).toBe(true);
  expect(isCrash(leaving, next(leaving, [failed]))).toBe(false);
  expect(isCrash(leaving, next(leaving, [{ ...failed, state: 'shutdown' }]))).toBe(false);
  expect(isCrash(leaving, next(leaving, []))).toBe(false);
  expect(isCrash(running, next(running, []))).toBe(false);
});

it('the end of a task has no effect on its replacement', () => {
  const memory = createEventMemory();
  const before = view([{ id: 'a' }]);
  memory.notesFor([...before.containers.values()], 1000, 1000);
  const now = next(before, [{ id: 'a', version: 2, state: 'failed', desired: 'shutdown' }, { id: 'b' }]);
  for (const event of changesBetween(before.containers, now)) memory.note(event, 2000, 2000);
  const notes = memory.notesFor([...now.containers.values()], 2100, 2100);
  expect(notes.get('b')?.stop).toBeUndefined();
  expect([...memory.unlisted()]).toEqual([]);
});

it('DNS demotes the tasks that it does not list, and admits them again', () => {
  const before = view([{ id: 'a' }, { id: 'b' }]);
  const demoted = afterDns(before, new Set(['b']));
  expect(demoted.containers.get('b')).toMatchObject({ demoted: "Docker's DNS does not list its address", standsBy: true });
  expect(demoted.containers.get('a')).toBe(before.containers.get('a'));
  expect(told(before, demoted)).toEqual(['update b']);
  expect(afterDns(demoted, new Set(['b']))).toBe(demoted);
  const again = afterDns(demoted, new Set());
  expect(again.containers.get('b')).not.toHaveProperty('demoted');
  expect(told(demoted, again)).toEqual(['update b']);
});

const vetoes: readonly (readonly [name: string, tasks: readonly Sketch[], unlisted: readonly string[], demoted: readonly string[]])[] = [
  ['one of two', [{ id: 'a' }, { id: 'b' }], ['a'], ['a']],
  ['all', [{ id: 'a' }, { id: 'b' }], ['a', 'b'], []],
  ['the only one', [{ id: 'a' }], ['a'], []],
  ['the only one that stays', [{ id: 'a', desired: 'shutdown' }, { id: 'b' }], ['b'], []],
  ['the only running one beside one that starts', [{ id: 'a', state: 'starting' }, { id: 'b' }], ['b'], []],
  ['all of one service beside another', [{ id: 'a' }, { id: 'b', service: 'api' }, { id: 'c', service: 'api' }], ['b', 'c'], []],
  ['a task that is gone', [{ id: 'a' }, { id: 'b' }], ['z'], []],
];

it.each(vetoes)('DNS does not list %s', (_, tasks, unlisted, expected) => {
  const now = afterDns(view(tasks, [backend, serviceEntry({ id: 'api', name: 'meet_api' })]), new Set(unlisted));
  expect([...now.containers.values()].filter(({ demoted }) => demoted !== undefined).map(({ id }) => id)).toEqual(expected);
});

it('a read keeps the verdict of DNS, and drops it with the last listed task', () => {
  const demoted = afterDns(view([{ id: 'a' }, { id: 'b' }]), new Set(['b']));
  const now = next(demoted, [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
  expect(now.containers.get('b')?.demoted).toBeDefined();
  const alone = next(now, [{ id: 'a', version: 2, desired: 'shutdown' }, { id: 'b' }]);
  expect(alone.containers.get('b')).not.toHaveProperty('demoted');
});

it('lists the running tasks of services with a role', () => {
  const now = view([
    { id: 'a' },
    { id: 'b', state: 'starting' },
    { id: 'c', desired: 'shutdown' },
    { id: 'd' },
    { id: 'x', labels: {}, service: 'other' },
  ]);
  expect([...runningTasks(now)].map(([service, tasks]) => [service, tasks.map(({ id }) => id)])).toEqual([['svc', ['a', 'd']]]);
});

const changing: readonly (readonly [name: string, tasks: readonly Sketch[], services: readonly object[], expected: boolean])[] = [
  ['all run', [{ id: 'a' }], [backend], false],
  ['an update is under way', [{ id: 'a' }], [serviceEntry({ update: 'updating' })], true],
  ['an update is over', [{ id: 'a' }], [serviceEntry({ update: 'completed' })], false],
  ['a task starts', [{ id: 'a', state: 'starting' }], [backend], true],
  ['a task has no node yet', [{ id: 'a', state: 'pending' }], [backend], false],
  ['a task waits for its restart', [{ id: 'a', state: 'ready', desired: 'ready' }], [backend], false],
  ['a task leaves', [{ id: 'a', desired: 'shutdown' }], [backend], true],
  ['a task without a role leaves', [{ id: 'a', labels: {}, desired: 'shutdown' }], [backend], false],
];

it.each(changing)('%s: quick polls', (_, tasks, services, expected) => {
  expect(isChanging(view(tasks, services))).toBe(expected);
});
