import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { FakeEngine } from '../support/fake-engine/engine.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test, waitForStatus } from './swarm-scene.ts';
import type { SwarmScene } from './swarm-scene.ts';

/** The manager that meet-gen stays with: the manager that has its stream of events. */
function asked(meet: SwarmScene): Promise<FakeEngine> {
  return waitUntil('a manager is asked', () => meet.managers.find((manager) => manager.eventStreams() > 0));
}

/** The number of polls that it got. */
function callsOf(manager: FakeEngine): number {
  return manager.calls.filter(({ path }) => path === '/tasks').length;
}

const tasksCall = { method: 'GET', path: /^\/tasks$/ } as const;

const faults: readonly (readonly [name: string, begin: (manager: FakeEngine, meet: SwarmScene) => unknown])[] = [
  [
    'answers 500',
    (manager) => manager.faults.add({ ...tasksCall, do: 'status', status: 500, message: 'The swarm does not have a leader' }),
  ],
  ['redirects', (manager) => manager.faults.add({ ...tasksCall, do: 'status', status: 302, location: 'http://127.0.0.1:1/' })],
  ['hangs', (manager) => manager.faults.add({ ...tasksCall, do: 'hang' })],
  ['refuses connections', (manager) => manager.goAway('socket file')],
  ['is gone', (manager) => manager.goAway()],
  ['closes connections', (manager) => manager.faults.add({ ...tasksCall, do: 'drop' })],
  ['cuts its answers', (manager) => manager.faults.add({ ...tasksCall, do: 'cut' })],
  ['answers half of its JSON', (manager) => manager.faults.add({ ...tasksCall, do: 'body', body: '[{"ID":' })],
  ['answers an object', (manager) => manager.faults.add({ ...tasksCall, do: 'body', body: '{}' })],
  ['answers a task without an id', (manager) => manager.faults.add({ ...tasksCall, do: 'body', body: '[{}]' })],
  [
    'shows an older state',
    async (manager, { swarm, frontendId }) => {
      const old = swarm.snapshot();
      swarm.change(frontendId, {});
      const polls = callsOf(manager);
      await waitUntil('the new state is read', () => callsOf(manager) >= polls + 2);
      manager.swarm = old;
    },
  ],
];

for (const [name, begin] of faults) {
  test.concurrent(`another manager is asked if one ${name}`, async ({ meet }) => {
    meet.backend(20);
    meet.run();
    await meet.scene.serves(meet.server(20));
    const first = await asked(meet);
    await begin(first, meet);
    meet.backend(21);
    await meet.scene.serves(meet.server(21));
    const status = await meet.scene.status();
    expect(status.problems.filter(({ code }) => code === 'engine-unreachable')).toEqual([]);
  });
}

test.concurrent('a manager that hangs is asked once, and the polls stay with another', async ({ meet }) => {
  meet.backend(20);
  meet.run();
  await meet.scene.serves(meet.server(20));
  const first = await asked(meet);
  const hung = first.faults.add({ ...tasksCall, do: 'hang' });
  const second = await waitUntil('another manager is asked', () =>
    meet.managers.find((manager) => manager !== first && manager.eventStreams() > 0),
  );
  const before = callsOf(second);
  const hits = hung.hits();
  await waitUntil('five more polls', () => callsOf(second) > before + 5);
  expect(hung.hits()).toBe(hits);
  expect(hits).toBeLessThanOrEqual(2);
});

test.concurrent('without an answer of any manager, the routes stay, and the reasons are reported', async ({ meet }) => {
  const { scene, swarm, managers } = meet;
  const ended = meet.backend(20);
  meet.backend(21);
  meet.run();
  await scene.serves(meet.server(20));
  const before = await scene.fileIdentity();
  await managers[0]?.goAway('socket file');
  managers[1]?.faults.add({ method: 'GET', path: /./, do: 'hang' });
  managers[2]?.faults.add({ method: 'GET', path: /./, do: 'status', status: 500, message: 'The swarm does not have a leader' });
  swarm.change(ended, { state: 'failed', desired: 'shutdown' });
  const { problems } = await waitForStatus(scene, 'no manager answers', (status) =>
    status.problems.some(({ code, message }) => code === 'engine-unreachable' && message.includes('did not answer in time')),
  );
  const message = problems.find(({ code }) => code === 'engine-unreachable')?.message;
  expect(message).toContain('it refuses connections');
  expect(message).toContain('it did not answer in time');
  expect(message).toContain('it answered 500: The swarm does not have a leader');
  expect(await scene.fileIdentity()).toBe(before);
  managers[1]?.faults.clear();
  await scene.stopsServing(meet.server(20));
  await waitForStatus(scene, 'the problem is over', (status) => status.problems.every(({ code }) => code !== 'engine-unreachable'));
});

test.concurrent('an older state alone changes nothing, until the manager has caught up', async ({ meet }) => {
  const { scene, swarm, managers } = meet;
  const moved = meet.backend(20);
  meet.backend(21);
  const old = swarm.snapshot();
  swarm.change(moved, { desired: 'shutdown' });
  swarm.change(moved, { state: 'shutdown' });
  meet.run();
  await scene.serves(meet.server(21));
  const before = await scene.fileIdentity();
  for (const manager of managers) manager.swarm = old;
  await waitForStatus(scene, 'the state is older', ({ problems }) =>
    problems.some(({ message }) => message.includes('it shows an older state')),
  );
  expect(await scene.fileIdentity()).toBe(before);
  for (const manager of managers) manager.swarm = swarm;
  meet.backend(22);
  await scene.serves(meet.server(22));
});

test.concurrent('the polls go on if the event stream breaks or is refused', async ({ meet }) => {
  for (const manager of meet.managers) manager.faults.add({ method: 'GET', path: /^\/events$/, do: 'status', status: 403 });
  meet.backend(20);
  meet.run();
  await meet.scene.serves(meet.server(20));
  meet.backend(21);
  await meet.scene.serves(meet.server(21));
  meet.swarm.service('meet_backend', { containerLabels: { 'meet.role': 'backend' }, labels: { 'meet.drain': 'true' } });
  await waitForStatus(meet.scene, 'drained', ({ instances }) => JSON.stringify(instances).includes('drained by meet.drain=true'));
  for (const manager of meet.managers) {
    manager.faults.clear();
    manager.cutEventStreams();
  }
  meet.backend(22);
  await meet.scene.serves(meet.server(22));
});

test.concurrent('a task of a new service is routed, although no event of the service arrived', async ({ meet }) => {
  const { scene, swarm } = meet;
  for (const manager of meet.managers) manager.faults.add({ method: 'GET', path: /^\/events$/, do: 'half-open' });
  meet.backend(20);
  meet.run();
  await scene.serves(meet.server(20));
  await asked(meet);
  swarm.service('meet_files', { containerLabels: { 'meet.role': 'service', 'meet.paths': '/files', 'meet.port': '3000' } });
  swarm.task({ service: 'meet_files', slot: 1, address: scene.address(21) });
  await scene.serves(`${scene.address(21)}:3000`);
});

test.concurrent('signed answers are accepted, and an unchanged one costs no body', async ({ meet }) => {
  const secret = 'a secret of enough bytes';
  const file = join(meet.scene.folder, 'secret');
  await writeFile(file, `${secret}\n`);
  for (const manager of meet.managers) manager.secret = Buffer.from(secret);
  meet.backend(20);
  meet.run(['--reader-secret', file]);
  await meet.scene.serves(meet.server(20));
  const manager = await asked(meet);
  meet.backend(21);
  await meet.scene.serves(meet.server(21));
  await waitUntil('an answer without a body', () => manager.answered.some(({ path, bytes }) => path === '/tasks' && bytes < 500));
  meet.swarm.service('meet_backend', { containerLabels: { 'meet.role': 'backend' }, labels: { 'meet.drain': 'true' } });
  await waitForStatus(meet.scene, 'drained', ({ instances }) => JSON.stringify(instances).includes('drained by meet.drain=true'));
});

const wrong: readonly (readonly [name: string, signedWith: string | undefined, reason: string])[] = [
  ['a wrong secret', 'another secret of enough bytes', 'its answer has a wrong signature'],
  ['no signature', undefined, 'its answer has no signature'],
];

for (const [name, signedWith, reason] of wrong) {
  test.concurrent(`answers with ${name} are refused`, async ({ meet }) => {
    const { scene, managers } = meet;
    const file = join(scene.folder, 'secret');
    await writeFile(file, 'the secret of the reader');
    for (const manager of managers) manager.secret = signedWith === undefined ? undefined : Buffer.from(signedWith);
    meet.backend(20);
    meet.run(['--reader-secret', file]);
    await waitForStatus(scene, reason, ({ problems }) => problems.some(({ message }) => message.includes(reason)));
    await expect(scene.content()).rejects.toThrow('ENOENT');
    for (const manager of managers.slice(1)) manager.secret = Buffer.from('the secret of the reader');
    await scene.serves(meet.server(20));
  });
}

test.concurrent('a secret that is missing or short is refused at the start', async ({ meet }) => {
  const file = join(meet.scene.folder, 'secret');
  const missing = await meet.run(['--reader-secret', file]).ended;
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain(`--reader-secret: ${file} can't be read`);
  await writeFile(file, 'short\n');
  const short = await meet.run(['--reader-secret', file]).ended;
  expect(short.code).toBe(2);
  expect(short.stderr).toContain('has 5 bytes, fewer than 16');
});
