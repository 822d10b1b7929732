import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

const probedBy = (health: string): { labels: Readonly<Record<string, string>> } => ({
  labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.health': health }),
});

/** The hook of the test itself, since the tests run at the same time. */
type OnFinish = (end: () => Promise<void>) => void;

interface Behaviour {
  status: number;
  readonly hosts: Set<string | undefined>;
}

/** Answers at a backend's address; returns the answers' behaviour, to be changed, and the function that ends them. */
async function answerAt(scene: Scene, host: number, onTestFinished: OnFinish): Promise<Behaviour & { end(): Promise<void> }> {
  const behaviour: Behaviour = { status: 200, hosts: new Set() };
  const server = createServer((request, response) => {
    behaviour.hosts.add(request.headers.host);
    response.writeHead(behaviour.status, { connection: 'close' }).end();
  });
  await new Promise<void>((resolve) => server.listen(8000, scene.address(host), resolve));
  const end = (): Promise<void> => close(server);
  onTestFinished(end);
  return Object.assign(behaviour, { end });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

test.concurrent('meet.health=tcp keeps a replica as a standby until its port is open, and takes the replica out when the port is closed', async ({
  scene,
  onTestFinished,
}) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, probedBy('tcp'));
  await answerAt(scene, 20, onTestFinished);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.backend('backend-2', 21, probedBy('tcp'));
  await waitForStatus(
    scene,
    'the refused probe is known',
    ({ instances }) => instances[0]?.services[0]?.replicas[1]?.reason.includes('refuses') === true,
  );
  // The new replica is a standby for the first.
  expect(await scene.content()).toContain(`${scene.address(21)}:8000 max_fails=0 fail_timeout=0 backup;`);
  const second = await answerAt(scene, 21, onTestFinished);
  await scene.serves(`${scene.address(21)}:8000 max_fails=0 fail_timeout=0;`);
  await second.end();
  await scene.stopsServing(`${scene.address(21)}:8000`);
  const replicas = (await scene.status()).instances[0]?.services[0]?.replicas;
  expect(replicas?.map(({ inRotation }) => inRotation)).toEqual([true, false]);
});

test.concurrent('meet.health=http follows the answers to the public host, and keeps the last replica in despite bad answers', async ({
  scene,
  onTestFinished,
}) => {
  await scene.frontend('frontend', {
    container: { labels: composeLabels('meet', 'frontend', { 'meet.role': 'frontend', 'meet.host': 'meet.example.com' }) },
  });
  for (const host of [20, 21]) scene.backend(`backend-${host}`, host, { ...probedBy('http:/__lbheartbeat__'), health: 'unhealthy' });
  const [first, second] = [await answerAt(scene, 20, onTestFinished), await answerAt(scene, 21, onTestFinished)];
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  await scene.serves(`${scene.address(21)}:8000`);
  second.status = 503;
  await scene.stopsServing(`${scene.address(21)}:8000`);
  first.status = 500;
  await scene.serves(`${scene.address(21)}:8000`);
  expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
  second.status = 200;
  await scene.stopsServing(`${scene.address(20)}:8000`);
  expect([...first.hosts, ...second.hosts].every((host) => host === 'meet.example.com')).toBe(true);
});

test.concurrent("follows the engine's health if a probe is unclear, and reports the probe", async ({ scene, onTestFinished }) => {
  await scene.frontend('frontend');
  // Django refuses an unknown host, and no meet.host names a known one.
  scene.backend('backend-1', 20, { ...probedBy('http:/__lbheartbeat__'), health: 'healthy' });
  scene.backend('backend-2', 21, { ...probedBy('http:/__lbheartbeat__'), health: 'unhealthy' });
  for (const host of [20, 21]) (await answerAt(scene, host, onTestFinished)).status = 400;
  const run = scene.run();
  await waitUntil('both unclear probes are reported', () => problemCodes(run).filter((code) => code === 'probe-unclear').length === 2);
  await scene.serves(`${scene.address(20)}:8000`);
  expect(await scene.content()).not.toContain(`${scene.address(21)}:8000`);
});

test.concurrent("meet.health=none ignores the engine's health", async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, { ...probedBy('none'), health: 'unhealthy' });
  scene.backend('backend-2', 21, { health: 'healthy' });
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  await scene.serves(`${scene.address(21)}:8000`);
});

test.concurrent('changes nothing after a restart before the probes have answered', async ({ scene, onTestFinished }) => {
  const nginx = await scene.frontend('frontend');
  const replica = { ...probedBy('tcp'), createdAtSeconds: 1_700_000_000 };
  for (const host of [20, 21]) {
    scene.engine.world.silently(() => scene.backend(`backend-${host}`, host, replica));
    await answerAt(scene, host, onTestFinished);
  }
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  await scene.serves(`${scene.address(21)}:8000`);
  await scene.stopAll();
  const before = { file: await scene.fileIdentity(), signals: nginx.signals.length };
  scene.run();
  await waitForStatus(
    scene,
    'both replicas have answered',
    ({ instances }) => instances[0]?.services[0]?.replicas.filter(({ reason }) => reason.startsWith('probe: ')).length === 2,
  );
  await scene.converged();
  expect({ file: await scene.fileIdentity(), signals: nginx.signals.length }).toEqual(before);
});

test.concurrent('changes nothing after a restart while the frontend is slow to answer with its version', async ({ scene }) => {
  const nginx = await scene.frontend('frontend', { version: '1.30.3' });
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  expect(await scene.content()).toContain('keepalive_min_timeout');
  await waitUntil('the version is kept', () => stat(join(scene.out, '.versions.json')).catch(() => undefined));
  await scene.stopAll();
  const before = { file: await scene.fileIdentity(), signals: nginx.signals.length };
  nginx.behaviour.answers = 'never';
  scene.run();
  await waitForStatus(scene, 'the first pass is over', ({ instances }) => instances[0]?.publishedGeneration !== undefined);
  nginx.behaviour.answers = 'normally';
  await scene.converged();
  expect({ file: await scene.fileIdentity(), signals: nginx.signals.length }).toEqual(before);
});

test.concurrent('uses the oldest syntax while the engine restarts a frontend that has never answered', async ({ scene }) => {
  await scene.frontend('frontend', { version: '1.30.3' });
  scene.run();
  await waitUntil('the newer syntax is published', async () => (await scene.content().catch(() => '')).includes('keepalive_min_timeout'));
  const older = { labels: composeLabels('meet', 'older', { 'meet.role': 'frontend' }), image: 'frontend:older' };
  scene.engine.world.add({ ...older, name: 'older', networks: { [network]: scene.address(30) }, prefixLength: 24, state: 'restarting' });
  await scene.stopsServing('keepalive_min_timeout');
  scene.engine.world.remove('older');
  await scene.serves('keepalive_min_timeout');
});
