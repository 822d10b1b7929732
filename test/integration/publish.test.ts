import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, problemCodes, test, waitForStatus } from './scene.ts';

test.concurrent('lists, publishes, signals and proves at the start', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();

  const live = await run.waitForLog('routesLive');
  const content = await scene.content();
  expect(content).toContain(`server ${scene.address(20)}:8000 max_fails=0 fail_timeout=0;`);
  expect(live).toMatchObject({ level: 'info', instance: 'meet', generation: readGeneration(scene.file()) });
  expect(live['changes']).toEqual([expect.stringContaining('1 service, 1 server')]);
  expect(nginx.generation()).toBe(live['generation']);
  expect(scene.engine.killCalls()).toMatchObject([{ name: 'frontend' }]);
  expect(scene.engine.killCalls()[0]?.query.get('signal')).toBe('HUP');
  expect((await stat(scene.file())).mode & 0o777).toBe(0o644);
  expect((await stat(join(scene.out, 'meet'))).mode & 0o777).toBe(0o755);
  await waitUntil(
    'no other file is left',
    async () => (await readdir(join(scene.out, 'meet'))).join() === '.editions.json,.owner.json,routing.conf',
  );
  expect(run.stdout()).toBe('');
});

test.concurrent('a file published under a narrow umask is readable for all users', async ({ scene }) => {
  await scene.frontend('frontend');
  await chmod(scene.out, 0o700);
  const before = process.umask(0o077);
  const run = scene.run();
  process.umask(before);
  await run.waitForLog('routesLive');
  expect((await stat(scene.file())).mode & 0o777).toBe(0o644);
  expect((await stat(join(scene.out, 'meet'))).mode & 0o777).toBe(0o755);
});

test.concurrent('only ten answers after the end of the old workers count as live', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.oldWorkersMs = 100;
  const run = scene.run();
  await run.waitForLog('routesLive');
  const [signalledAtMs = Infinity] = nginx.signals;
  expect(nginx.visits.filter((atMs) => atMs >= signalledAtMs + 150).length).toBeGreaterThanOrEqual(10);
});

test.concurrent('adds a new backend, and removes a stopping backend at its stop signal', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`);

  scene.backend('backend-2', 21);
  const live = await run.waitForLog('routesLive', 2);
  expect(live['changes']).toEqual([`+ meet/backend ${scene.address(21)}:8000`]);
  await scene.serves(`${scene.address(21)}:8000`);
  scene.engine.world.beginStop('backend-1', 'QUIT');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  scene.engine.world.die('backend-1');
  scene.engine.world.start('backend-1');
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.remove('backend-2');
  await scene.stopsServing(`${scene.address(21)}:8000`);
});

test.concurrent('follows changes of address, health and name', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, { health: 'healthy' });
  scene.backend('backend-2', 21, { health: 'healthy' });
  scene.run();
  await scene.serves(`${scene.address(21)}:8000`);

  scene.engine.world.health('backend-2', 'unhealthy');
  await scene.stopsServing(`${scene.address(21)}:8000`);
  scene.engine.world.health('backend-2', 'healthy');
  await scene.serves(`${scene.address(21)}:8000`);
  scene.engine.world.disconnect('backend-1', 'meet_default');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  scene.engine.world.connect('backend-1', 'meet_default', scene.address(22));
  await scene.serves(`${scene.address(22)}:8000`);
  scene.engine.world.pause('backend-1');
  await scene.stopsServing(`${scene.address(22)}:8000`);
  scene.engine.world.unpause('backend-1');
  await scene.serves(`${scene.address(22)}:8000`);
  scene.engine.world.rename('backend-1', 'backend-one');
  await waitForStatus(scene, 'the status shows the new name', ({ instances }) =>
    (instances[0]?.services[0]?.replicas ?? []).some((replica) => replica.container === 'backend-one'),
  );
});

test.concurrent('the same rendered bytes cause no write and no signal', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, { health: 'healthy' });
  scene.backend('backend-2', 21, { health: 'unhealthy' });
  const run = scene.run();
  await scene.converged();
  const before = await scene.fileIdentity();

  scene.engine.world.rename('backend-2', 'blue');
  await waitForStatus(scene, 'the status shows the new name', ({ instances }) =>
    (instances[0]?.services[0]?.replicas ?? []).some((replica) => replica.container === 'blue'),
  );
  await scene.converged();
  const lists = scene.engine.listCalls().length;
  run.signal('SIGHUP');
  await run.waitForLog('resyncRequested');
  await waitUntil('meet-gen has looked again', () => scene.engine.listCalls().length > lists);
  await scene.converged();
  expect(await scene.fileIdentity()).toBe(before);
  expect(scene.engine.killCalls()).toHaveLength(1);
  expect(run.logged('routesLive')).toHaveLength(1);
});

test.concurrent('a restarted meet-gen without changes writes nothing and sends no signal', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  await scene.run().waitForLog('routesLive');
  const first = await scene.fileIdentity();
  const signalled = scene.engine.killCalls().length;
  const asked = nginx.asks.length;
  await expect(scene.status()).resolves.toMatchObject({ converged: true });
  const stopped = scene.run();
  expect((await stopped.ended).code).toBe(2);

  await scene.stopAll();
  await scene.run().waitForLog('routesLive');
  expect(nginx.asks.length).toBeGreaterThan(asked);
  expect(await scene.fileIdentity()).toBe(first);
  expect(scene.engine.killCalls()).toHaveLength(signalled);
});

test.concurrent('a frontend that has just started is asked first, and signalled only if its generation differs', async ({ scene }) => {
  const [first, second] = [await scene.frontend('frontend-1'), await scene.frontend('frontend-2', { host: 11 })];
  scene.run();
  await scene.converged();
  const signalled = scene.engine.killCalls().length;

  // nginx starts with the published file, so it needs no signal.
  scene.engine.world.die('frontend-2');
  await scene.stopsServing(`${scene.address(11)}:8080`);
  second.boot();
  const asked = second.asks.length;
  scene.engine.world.start('frontend-2');
  await scene.serves(`${scene.address(11)}:8080`);
  expect(second.asks.length).toBeGreaterThan(asked);
  const [, ...toSecond] = scene.engine.killCalls().filter(({ name }) => name === 'frontend-2');
  const firstAsk = second.asks[asked] ?? Infinity;
  for (const { atMs } of toSecond) expect(atMs).toBeGreaterThanOrEqual(firstAsk);
  expect(first.generation()).toBe(second.generation());
  expect(scene.engine.killCalls().length).toBeGreaterThan(signalled);
});

test.concurrent('sends no signal to a frontend that starts with the right file', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.run();
  await scene.converged();
  const before = scene.engine.killCalls().length;
  const visited = nginx.visits.length;

  scene.engine.world.start('frontend');
  await waitUntil('the frontend is asked again', () => nginx.visits.length >= visited + 10);
  await scene.converged();
  expect(scene.engine.killCalls()).toHaveLength(before);
});

test.concurrent('a changed or deleted file is repaired at the next look', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  const right = await scene.content();

  await writeFile(scene.file(), 'server { listen 8083; }\n');
  run.signal('SIGHUP');
  await waitUntil('the file is repaired', async () => (await scene.content()) === right);
  await scene.converged();
  await rm(scene.file());
  run.signal('SIGHUP');
  await waitUntil('the file is back', async () => (await scene.content().catch(() => '')) === right);
  await chmod(scene.file(), 0o600);
  run.signal('SIGHUP');
  await waitUntil('the file is readable for all users again', async () => ((await stat(scene.file())).mode & 0o777) === 0o644);
  await scene.converged();
  expect(readGeneration(scene.file())).toBe(nginx.generation());
});

test.concurrent('a frontend that read a changed file gets the right file back', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  await writeFile(scene.file(), 'server { listen 8083; }\n');
  nginx.boot();
  expect(nginx.generation()).toBe('none');
  run.signal('SIGHUP');
  await waitUntil('nginx serves the right file', () => nginx.generation() !== 'none');
  await scene.converged();
});

test.concurrent('the resync repairs the file without an event', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.run(['--resync', '1s']);
  await scene.converged();
  await rm(scene.file());
  await waitUntil('the file is back', async () => (await scene.content().catch(() => '')) !== '');
});

test.concurrent('two frontends are signalled at the same time, and the status shows what each serves', async ({ scene }) => {
  const [first, second] = [await scene.frontend('frontend-1'), await scene.frontend('frontend-2', { host: 11 })];
  second.behaviour.reloadMs = 3000;
  scene.run();
  const published = await waitUntil('the first frontend serves', () => first.generation() !== 'none' && first.generation());
  // The slow frontend was signalled too, and is still reloading: signals are sent in parallel.
  await waitForStatus(scene, 'one of two frontends serves', ({ converged, instances }) => {
    const running = new Map(instances[0]?.frontends.map((frontend) => [frontend.container, frontend.runningGeneration]));
    return !converged && running.get('frontend-1') === published && running.get('frontend-2') === 'none';
  });
  expect(new Set(scene.engine.killCalls().map(({ name }) => name))).toEqual(new Set(['frontend-1', 'frontend-2']));
  const { instances } = await scene.converged();
  expect(instances[0]?.frontends).toMatchObject([
    { container: 'frontend-1', phase: 'live', runningGeneration: published, nginxVersion: '1.22.1' },
    { container: 'frontend-2', phase: 'live', runningGeneration: published, nginxVersion: '1.22.1' },
  ]);
});

test.concurrent('gives each instance its folder, and signals only its own frontends', async ({ scene }) => {
  const one = await scene.frontend('one-frontend', { instance: 'one' });
  const two = await scene.frontend('two-frontend', { instance: 'two', host: 11 });
  scene.run();
  await scene.converged();
  await waitUntil('both frontends serve', () => one.generation() !== 'none' && two.generation() !== 'none');
  await scene.converged();
  const signalled = scene.engine.killCalls().length;
  const before = await scene.fileIdentity('one');

  scene.backend('two-backend', 20, {
    labels: composeLabels('two', 'backend', { 'meet.role': 'backend' }),
    networks: { two_default: scene.address(20) },
  });
  await scene.serves(`${scene.address(20)}:8000`, 'two');
  const later = scene.engine.killCalls().slice(signalled);
  expect(later.map(({ name }) => name)).toEqual(['two-frontend']);
  expect(await scene.fileIdentity('one')).toBe(before);
  expect(await scene.content('one')).not.toContain(scene.address(20));
});

test.concurrent('--instance serves only that instance, and publishes directly into the directory', async ({ scene }) => {
  const file = join(scene.out, 'routing.conf');
  await scene.frontend('one-frontend', { instance: 'one', file });
  await scene.frontend('two-frontend', { instance: 'two', host: 11 });
  scene.run(['--instance', 'one']);
  const { instances } = await scene.converged();
  expect(instances).toMatchObject([{ name: 'one', file }]);
  expect(scene.engine.killCalls().map(({ name }) => name)).toEqual(['one-frontend']);
  expect((await readdir(scene.out)).filter((name) => !name.startsWith('.'))).toEqual(['routing.conf']);
});

test.concurrent('refuses to start on the directory of another meet-gen, which goes on', async ({ scene }) => {
  await scene.frontend('frontend');
  const first = scene.run();
  await scene.converged();
  const second = await scene.run().ended;
  expect(second.code).toBe(2);
  expect(second.stderr).toContain('another meet-gen is publishing into this directory already');
  expect(second.stderr).toContain('start this one with another --out');
  scene.backend('backend', 20);
  await scene.serves(`${scene.address(20)}:8000`);
  expect(first.hasEnded()).toBe(false);
});

test.concurrent('files that a killed meet-gen left behind do no harm', async ({ scene }) => {
  await scene.frontend('frontend');
  const first = scene.run();
  await scene.converged();
  first.signal('SIGKILL');
  await first.ended;
  expect((await stat(join(scene.out, '.meet-gen.sock'))).isSocket()).toBe(true);
  const left = [join(scene.out, '.candidate-routing.conf-000000000000'), join(scene.out, 'meet', '.candidate-routing.conf-000000000000')];
  for (const file of left) await writeFile(file, 'half a fi');

  const second = scene.run();
  await second.waitForLog('routesLive');
  await scene.converged();
  await waitUntil(
    'no other file is left',
    async () => (await readdir(join(scene.out, 'meet'))).join() === '.editions.json,.owner.json,routing.conf',
  );
  expect((await readdir(scene.out)).toSorted()).toEqual(['.meet-gen.sock', '.versions.json', 'meet']);
});

test.concurrent('publishes 503 for the paths of the backend if there is no backend', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.run();
  await scene.converged();
  expect(await scene.content()).toMatch(/location \^~ \/api\/ \{\s+return 503;/);
});

test.concurrent('the file stays unchanged after the last frontend is removed', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.converged();
  const before = await scene.fileIdentity();
  scene.engine.world.remove('frontend');
  await waitUntil('the problem is logged', () => problemCodes(run).includes('no-frontend'));
  expect(await scene.fileIdentity()).toBe(before);
});

test.concurrent('--reload none sends no signal, and a problem shows that nginx serves another file', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  const run = scene.run(['--reload', 'none', '--verify-timeout', '200ms']);
  await waitUntil('the problem is logged', () => problemCodes(run).includes('reload-pending'));
  nginx.boot();
  await scene.converged();
  expect(scene.engine.killCalls()).toEqual([]);
});
