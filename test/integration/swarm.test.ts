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

test.concurrent('a leaving task becomes the last resort, and its end does not count as a crash', async ({ meet }) => {
  const { scene, swarm } = meet;
  const [leaving] = [meet.backend(20), meet.backend(21)];
  meet.run();
  await scene.serves(meet.server(20));
  swarm.change(leaving, { desired: 'shutdown' });
  await scene.stopsServing(meet.server(20));
  await waitForStatus(scene, 'the task leaves', ({ instances }) => JSON.stringify(instances).includes('is being stopped'));
  swarm.change(leaving, { state: 'shutdown' });
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
