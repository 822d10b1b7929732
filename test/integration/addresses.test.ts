import { expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

test.concurrent("reaches a backend in host mode at the gateway of the frontends' network", async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { networkMode: 'host' });
  scene.run();
  await scene.serves(`server ${scene.address(1)}:8000`);
});

/** A service without a port in its labels, whose exposed ports meet-gen must ask for. */
const portless = (name: string) => ({
  labels: composeLabels('meet', name, { 'meet.role': 'service', 'meet.paths': `/${name}` }),
  ports: [3000],
});
const inspections = (scene: Scene): readonly string[] =>
  scene.engine.calls.flatMap(({ path }) => (/^\/containers\/[^/]+\/json$/.test(path) ? [path] : []));

test.concurrent('asks once for the ports of a service that the list shows without ports, and for no other container', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('listed', 21, portless('listed'));
  scene.backend('hosted', 22, { ...portless('hosted'), networkMode: 'host' });
  const run = scene.run(['--log-level', 'debug']);
  await scene.serves(`server ${scene.address(1)}:3000`);
  expect(await scene.content()).toContain(`server ${scene.address(21)}:3000`);
  const { lastSyncAt } = (await scene.status()).engine;
  run.signal('SIGHUP');
  await waitForStatus(scene, 'the resync is over', ({ engine }) => engine.lastSyncAt !== lastSyncAt);
  scene.engine.world.add({ name: 'also-hosted', ...portless('also'), networkMode: 'host' });
  await scene.serves('/also/');
  expect(inspections(scene)).toEqual(['/containers/hosted/json', '/containers/also-hosted/json']);
  expect((await scene.status()).problems).toEqual([]);
  expect(JSON.stringify([run.stderr(), await scene.status()])).not.toContain('secret-of-the-environment');
});

test.concurrent.for([
  { what: 'refused by a proxy', fault: { do: 'status', status: 403 }, times: 1, why: 'was refused (403)' },
  { what: 'unknown to a proxy', fault: { do: 'status', status: 404 }, times: 1, why: 'answered 404' },
  { what: 'left without an answer', fault: { do: 'hang' }, times: 3, why: 'got no answer in time' },
  { what: 'answered for another container', fault: { do: 'body', body: '{"Id":"x"}' }, times: 3, why: 'is about another container' },
] as const)(
  'names the missing label if the call for ports is $what, and serves all other routes',
  async ({ fault, times, why }, { scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.backend('hosted', 22, { ...portless('hosted'), networkMode: 'host' });
    scene.engine.faults.add({ method: 'GET', path: /^\/containers\/hosted\/json$/, ...fault });
    const run = scene.run();
    await scene.serves(`server ${scene.address(20)}:8000`);
    for (let round = 0; round < times + 2; round += 1) {
      const { lastSyncAt } = (await scene.status()).engine;
      run.signal('SIGHUP');
      await waitForStatus(scene, 'the resync is over', ({ engine }) => engine.lastSyncAt !== lastSyncAt);
    }
    expect(inspections(scene)).toHaveLength(times);
    const { problems, engine } = await scene.status();
    expect(engine).not.toHaveProperty('error');
    expect(problems.find(({ code }) => code === 'no-port')).toMatchObject({
      container: 'hosted',
      key: 'meet.port',
      message: expect.stringMatching(
        /its exposed TCP ports are unknown: the engine lists no ports in host mode and on internal networks \(.+\)/,
      ),
      cure: 'set meet.port to the port that the container listens on',
    });
    expect(problems.find(({ code }) => code === 'no-port')?.message).toContain(why);
  },
);

test.concurrent('a frontend in host mode reaches backends on all networks, and answers meet-gen at the gateway', async ({ scene }) => {
  const nginx = await scene.frontend('frontend', { host: 1, container: { networkMode: 'host' } });
  scene.backend('backend', 20);
  scene.run();
  await scene.serves(`server ${scene.address(20)}:8000`);
  expect(nginx.generation()).toMatch(/^[0-9a-f]{16}$/);
  const subnet = `${scene.address(0)}/24`;
  expect(await scene.content()).toContain(`allow ${subnet};`);
  expect((await scene.status()).problems).toEqual([]);
});

test.concurrent("a backend in another container's network has the address of that container, also after a change", async ({ scene }) => {
  await scene.frontend('frontend');
  // The container has no role, so only its id leads to its address.
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
  await scene.stopsServing(`server ${scene.address(31)}:8000`);
  scene.engine.world.start('vpn');
  await scene.serves(`server ${scene.address(31)}:8000`);
});

test.concurrent('a stop that began before the start of meet-gen takes effect', async ({ scene }) => {
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

test.concurrent('--strict-instance refuses routes of another project', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('guest', 21, {
    labels: composeLabels('elsewhere', 'guest', { 'meet.role': 'service', 'meet.instance': 'meet', 'meet.paths': '/x', 'meet.port': '1' }),
  });
  const run = scene.run(['--strict-instance']);
  await scene.serves(`${scene.address(20)}:8000`);
  expect(await scene.content()).not.toContain(scene.address(21));
  await waitUntil('the refused service is reported', () => problemCodes(run).includes('foreign-project-refused'));
  await scene.stopAll();
  scene.run([], { env: { MEET_GEN_STRICT_INSTANCE: 'false' } });
  await scene.serves(`${scene.address(21)}:1`);
});
