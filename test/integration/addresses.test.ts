import { expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, problemCodes, test } from './scene.ts';

test.concurrent("a backend in host mode is reached at the gateway of the frontends' network", async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { networkMode: 'host' });
  scene.run();
  await scene.serves(`server ${scene.address(1)}:8000`);
});

test.concurrent("a backend in another container's network is reached there, and follows it", async ({ scene }) => {
  await scene.frontend('frontend');
  // It has no role of its own: only its id tells where it is.
  const owner = scene.engine.world.add({ name: 'vpn', networks: { [network]: scene.address(30) }, prefixLength: 24 });
  scene.backend('backend', 20, { networkMode: `container:${owner}` });
  scene.backend('other', 21, { labels: composeLabels('meet', 'other', { 'meet.role': 'service', 'meet.paths': '/x', 'meet.port': '1' }) });
  scene.run();
  await scene.serves(`server ${scene.address(30)}:8000`);
  expect(scene.engine.listCalls().map(({ query }) => query.get('filters'))).toContain(JSON.stringify({ id: [owner] }));

  scene.engine.world.disconnect('vpn', network);
  scene.engine.world.connect('vpn', network, scene.address(31));
  await scene.serves(`server ${scene.address(31)}:8000`);
  scene.engine.world.stop('vpn');
  await scene.servesNoMore(`server ${scene.address(31)}:8000`);
  scene.engine.world.start('vpn');
  await scene.serves(`server ${scene.address(31)}:8000`);
});

test.concurrent('a stop that began before meet-gen did is heard of', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  scene.engine.world.beginStop('backend-1');
  const run = scene.run();
  await scene.serves(`${scene.address(21)}:8000`);
  expect(await scene.content()).not.toContain(`${scene.address(20)}:8000`);
  run.signal('SIGHUP');
  await scene.converged();
  expect(await scene.content()).not.toContain(`${scene.address(20)}:8000`);
  scene.engine.world.die('backend-1');
  scene.engine.world.start('backend-1');
  await scene.serves(`${scene.address(20)}:8000`);
});

test.concurrent('--strict-instance refuses what belongs to another project', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('guest', 21, {
    labels: composeLabels('elsewhere', 'guest', { 'meet.role': 'service', 'meet.instance': 'meet', 'meet.paths': '/x', 'meet.port': '1' }),
  });
  const run = scene.run(['--strict-instance']);
  await scene.serves(`${scene.address(20)}:8000`);
  expect(await scene.content()).not.toContain(scene.address(21));
  await waitUntil('that is told', () => problemCodes(run).includes('foreign-project-refused'));
  await scene.stopAll();
  scene.run([], { env: { MEET_GEN_STRICT_INSTANCE: 'false' } });
  await scene.serves(`${scene.address(21)}:1`);
});
