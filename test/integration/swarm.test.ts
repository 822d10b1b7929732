import { expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { backendLabels, test, waitForStatus } from './swarm-scene.ts';

test.concurrent('routes lead to the running tasks of the swarm', async ({ meet }) => {
  const { scene, swarm } = meet;
  meet.backend(20);
  meet.run();
  await scene.serves(meet.server(20));
  const added = meet.backend(21);
  await scene.serves(meet.server(21));
  swarm.change(added, { state: 'failed', desired: 'shutdown' });
  await scene.stopsServing(meet.server(21));
  expect(await scene.content()).toContain(meet.server(20));
  expect(await scene.content()).not.toContain(scene.address(99));
});

test.concurrent('a leaving task becomes a standby, and its end does not count as a crash', async ({ meet }) => {
  const { scene, swarm } = meet;
  const [leaving] = [meet.backend(20), meet.backend(21)];
  meet.run();
  await scene.serves(meet.inRotation(20));
  swarm.change(leaving, { desired: 'shutdown' });
  await scene.serves(meet.standby(20));
  await waitForStatus(scene, 'the task leaves', ({ instances }) => JSON.stringify(instances).includes('is being stopped'));
  swarm.change(leaving, { state: 'shutdown' });
  await scene.stopsServing(meet.server(20));
  await waitForStatus(scene, 'the task is gone', ({ instances }) => !JSON.stringify(instances).includes(meet.server(20)));
});

test.concurrent('deploy.labels drain a service at once, without a restart', async ({ meet }) => {
  const { scene, swarm } = meet;
  meet.backend(20);
  const run = meet.run();
  await scene.serves(meet.server(20));
  swarm.service('meet_backend', { containerLabels: backendLabels, labels: { 'meet.drain': 'true' } });
  await waitForStatus(scene, 'the backend is drained', ({ instances }) => JSON.stringify(instances).includes('drained by meet.drain=true'));
  await waitUntil('an event stream is open', () => meet.managers.some((manager) => manager.eventStreams() > 0));
  expect(run.hasEnded()).toBe(false);
});

/** The backends and files in a published file, once each. */
function serversIn(content: string): readonly string[] {
  return [...new Set([...content.matchAll(/server (127\.[0-9.]+:(?:8000|3000))/g)].map(([, server = '']) => server))].toSorted();
}

test.concurrent('addresses that a restarted manager gives to other services are right as a whole', async ({ meet }) => {
  const { scene, swarm, managers } = meet;
  swarm.service('meet_files', { containerLabels: { 'meet.role': 'service', 'meet.paths': '/files', 'meet.port': '3000' } });
  const backend = meet.backend(20);
  const files = swarm.task({ service: 'meet_files', slot: 1, address: scene.address(21) });
  meet.run();
  await scene.serves(`${scene.address(21)}:3000`);
  const contents = new Set<string>();
  await Promise.all(managers.map((manager) => manager.goAway()));
  for (const task of [backend, files]) swarm.removeTask(task);
  swarm.task({ service: 'meet_files', slot: 1, address: scene.address(20) });
  meet.backend(21);
  await Promise.all(managers.map((manager) => manager.comeBack()));
  await waitUntil('the addresses are exchanged', async () => {
    const content = await scene.content();
    contents.add(content);
    return content.includes(`${scene.address(20)}:3000`);
  });
  await scene.serves(meet.server(21));
  contents.add(await scene.content());
  // No file has one address in two services, or a new address beside an old one.
  const servers = [...contents].map(serversIn);
  expect(servers).toEqual([
    [meet.server(20), `${scene.address(21)}:3000`].toSorted(),
    [meet.server(21), `${scene.address(20)}:3000`].toSorted(),
  ]);
});

test.concurrent('the managers are only read: services, tasks and events', async ({ meet }) => {
  const { scene, swarm, managers } = meet;
  const run = meet.run(['--instance', 'meet', '--out', scene.out]);
  swarm.change(meet.backend(20), { desired: 'shutdown' });
  await waitUntil('the backend is read', async () => JSON.stringify(await scene.status().catch(() => '')).includes('is being stopped'));
  const calls = managers.flatMap((manager) => manager.calls);
  expect(new Set(calls.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(['GET /services', 'GET /tasks', 'GET /events']));
  expect((await run.stop()).stderr).not.toContain('hunter2');
});

test.concurrent('a frontend of another node is an upstream of the SPA, and is not reloaded here', async ({ meet }) => {
  const { scene, swarm } = meet;
  meet.backend(20);
  const elsewhere = swarm.task({ service: 'meet_frontend', node: 'node-2', address: scene.address(11) });
  meet.run();
  await scene.serves(meet.server(20));
  expect(await scene.content()).toContain(`server ${scene.address(11)}:8080`);
  expect(scene.engine.killCalls().map(({ name }) => name)).not.toContain(`meet_frontend.node-2.${elsewhere}`);
});

test.concurrent('ends at once while all managers hang', async ({ meet }) => {
  for (const manager of meet.managers) manager.faults.add({ method: 'GET', path: /./, do: 'hang' });
  const run = meet.run();
  await waitUntil('a manager is asked', () => meet.managers.some(({ calls }) => calls.length > 0));
  const place = meet.managers.map(({ host }) => host).join(', ');
  expect(await run.waitForLog('starts')).toMatchObject({ source: 'swarm', engine: place });
  const { code, stderr } = await run.stop();
  expect(code).toBe(0);
  expect(stderr).not.toContain('forced');
});
