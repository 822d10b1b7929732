import { afterAll, beforeAll, expect, it } from 'vitest';
import { watchDns } from '../../../../src/source/swarm/dns-watch.ts';
import { readServices } from '../../../../src/source/swarm/read-services.ts';
import { readTasks } from '../../../../src/source/swarm/read-tasks.ts';
import { afterRead, emptyView } from '../../../../src/source/swarm/swarm-view.ts';
import type { SwarmView } from '../../../../src/source/swarm/swarm-view.ts';
import { createResolver, resolveManager, tasksName, unlistedTasks } from '../../../../src/source/swarm/task-dns.ts';
import type { ResolveName } from '../../../../src/source/swarm/task-dns.ts';
import { startDnsServer } from '../../../support/dns-server.ts';
import type { DnsServer } from '../../../support/dns-server.ts';
import { serviceEntry, taskEntry } from '../../../support/swarm-objects.ts';
import { waitUntil } from '../../../support/wait-until.ts';

let server: DnsServer;
let resolve: ResolveName;

beforeAll(async () => {
  server = await startDnsServer('127.0.0.1');
  resolve = createResolver([`127.0.0.1:${server.port}`]);
});
afterAll(() => server.close());

it.each([
  ['meet_backend', 'tasks.meet_backend'],
  ['a', 'tasks.a'],
  ['a'.repeat(63), `tasks.${'a'.repeat(63)}`],
  ['a'.repeat(64), undefined],
  ['', undefined],
  ['-a', undefined],
  ['a b', undefined],
  ['a/b', undefined],
  ['a\n', undefined],
])('the name for the service %j is %s', (service, expected) => {
  expect(tasksName(service)).toBe(expected);
});

const answers: readonly (readonly [
  name: string,
  tasks: Readonly<Record<string, readonly string[]>>,
  addresses: readonly string[],
  unlisted: readonly string[],
])[] = [
  ['lists all', { a: ['10.0.1.1/24'], b: ['10.0.1.2/24'] }, ['10.0.1.1', '10.0.1.2'], []],
  ['lists one', { a: ['10.0.1.1/24'], b: ['10.0.1.2/24'] }, ['10.0.1.2'], ['a']],
  ['is empty', { a: ['10.0.1.1/24'], b: ['10.0.1.2/24'] }, [], []],
  ['lists only others', { a: ['10.0.1.1/24'], b: ['10.0.1.2/24'] }, ['10.0.9.9'], []],
  ['lists a longer address', { a: ['10.0.1.1/24'], b: ['10.0.1.11/24'] }, ['10.0.1.11'], ['a']],
  ['cannot list a task with IPv6 alone', { a: ['fd00::1/64'], b: ['10.0.1.2/24'], c: ['10.0.1.3/24'] }, ['10.0.1.2'], ['c']],
  ['cannot list a task without an address', { a: [], b: ['10.0.1.2/24'] }, ['10.0.1.2'], []],
];

it.each(answers)('an answer that %s', (_, tasks, addresses, unlisted) => {
  const read = readTasks(Object.entries(tasks).map(([id, own]) => taskEntry({ id, networks: { n: own } })));
  expect(unlistedTasks([...read.values()], addresses)).toEqual(unlisted);
});

it('a task counts as listed by any of its addresses', () => {
  const read = readTasks([taskEntry({ id: 'a', networks: { n: ['10.0.1.1/24'], m: ['10.0.2.1/24'] } }), taskEntry({ id: 'b' })]);
  expect(unlistedTasks([...read.values()], ['10.0.2.1'])).toEqual(['b']);
});

it('asks a real DNS server', async () => {
  server.answers.set('tasks.meet_backend', ['10.0.1.1', '10.0.1.2']);
  expect([...(await resolve('tasks.meet_backend'))].toSorted()).toEqual(['10.0.1.1', '10.0.1.2']);
  server.answers.set('tasks.meet_backend', 'failure');
  await expect(resolve('tasks.meet_backend')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  await expect(resolve('tasks.other')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  server.answers.set('tasks.silent', 'silence');
  await expect(resolve('tasks.silent')).rejects.toMatchObject({ code: 'ETIMEOUT' });
});

it('finds a manager by address, in DNS, and in the list of hosts', async () => {
  server.answers.set('tasks.reader', ['10.0.2.1', '10.0.2.2']);
  expect(await resolveManager(resolve, '10.9.8.7')).toEqual(['10.9.8.7']);
  expect(await resolveManager(resolve, 'fd00::1')).toEqual(['fd00::1']);
  expect([...(await resolveManager(resolve, 'tasks.reader'))].toSorted()).toEqual(['10.0.2.1', '10.0.2.2']);
  expect(await resolveManager(resolve, 'localhost')).toContain('127.0.0.1');
  server.answers.set('localhost', 'silence');
  await expect(resolveManager(resolve, 'localhost')).rejects.toMatchObject({ code: 'ETIMEOUT' });
});

function viewOf(tasks: readonly Parameters<typeof taskEntry>[0][]): SwarmView {
  const services = [serviceEntry(), serviceEntry({ id: 'api', name: 'other_api', labels: { 'meet.instance': 'other' } })];
  return afterRead(emptyView(undefined), { services: readServices(services), tasks: readTasks(tasks.map(taskEntry)) });
}

/** Runs the watch over a view until it has reported these tasks. */
async function watchUntil(
  view: SwarmView,
  expected: readonly string[],
  instance?: string,
  during: () => void = () => undefined,
): Promise<void> {
  const abort = new AbortController();
  let unlisted: ReadonlySet<string> | undefined;
  const watch = watchDns(
    { view: () => view, resolve, instance, nowMs: () => performance.now(), onAnswer: (found) => (unlisted = found) },
    abort.signal,
  );
  try {
    during();
    await waitUntil('DNS has answered', () => unlisted !== undefined && [...unlisted].join() === expected.join());
  } finally {
    abort.abort();
    await watch;
  }
}

const pair = [
  { id: 'a', networks: { n: ['10.0.1.1/24'] } },
  { id: 'b', networks: { n: ['10.0.1.2/24'] } },
];
const otherPair = [
  { id: 'c', service: 'api', networks: { n: ['10.0.1.3/24'] } },
  { id: 'd', service: 'api', networks: { n: ['10.0.1.4/24'] } },
];

it('reports the tasks that DNS does not list, and that it lists again', async () => {
  server.answers.set('tasks.meet_backend', ['10.0.1.2']);
  await watchUntil(viewOf(pair), ['a']);
  server.answers.set('tasks.meet_backend', ['10.0.1.1', '10.0.1.2']);
  await watchUntil(viewOf(pair), []);
});

it('DNS that hangs for one service does not delay another', async () => {
  server.answers.set('tasks.meet_backend', 'silence').set('tasks.other_api', ['10.0.1.4']);
  await watchUntil(viewOf([...pair, ...otherPair]), ['c']);
});

it('asks only for names of its instance, and for services with a choice', async () => {
  server.answers.set('tasks.meet_backend', ['10.0.1.2']).set('tasks.other_api', ['10.0.1.4']);
  const before = server.asked.length;
  await watchUntil(viewOf([...pair, ...otherPair]), ['a'], 'default');
  expect(new Set(server.asked.slice(before))).toEqual(new Set(['tasks.meet_backend']));
  const [alone] = pair;
  await watchUntil(viewOf([...(alone === undefined ? [] : [alone]), ...otherPair]), ['c']);
  expect(server.asked.slice(before).at(-1)).toBe('tasks.other_api');
});

it('an answer decides only about the tasks that ran when it was asked for', async () => {
  server.answers.set('tasks.meet_backend', ['10.0.1.2']);
  const abort = new AbortController();
  const reported: string[][] = [];
  let view = viewOf(pair);
  const slow: ResolveName = async (name) => {
    const addresses = await resolve(name);
    view = viewOf([...pair, { id: 'new', networks: { n: ['10.0.1.9/24'] } }]);
    return addresses;
  };
  const watch = watchDns(
    {
      view: () => view,
      resolve: slow,
      instance: undefined,
      nowMs: () => performance.now(),
      onAnswer: (found) => reported.push([...found]),
    },
    abort.signal,
  );
  await waitUntil('two answers', () => reported.length >= 2);
  abort.abort();
  await watch;
  expect(reported.slice(0, 2)).toEqual([['a'], ['a', 'new']]);
});
