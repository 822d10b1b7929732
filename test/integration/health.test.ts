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

/** Of the test itself: they run at the same time. */
type OnFinish = (end: () => Promise<void>) => void;

interface Behaviour {
  status: number;
  readonly hosts: Set<string | undefined>;
}

/** Has a backend's address answer; returns how it does, to be changed, and how to end it. */
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

test.concurrent('tcp: one that does not listen yet is not asked before it does, and out as soon as it listens no more', async ({
  scene,
  onTestFinished,
}) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, probedBy('tcp'));
  await answerAt(scene, 20, onTestFinished);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.backend('backend-2', 21, probedBy('tcp'));
  await waitForStatus(scene, 'it is known', ({ instances }) => instances[0]?.services[0]?.replicas[1]?.reason.includes('refuses') === true);
  // It stands by, for when the first one is gone.
  expect(await scene.content()).toContain(`${scene.address(21)}:8000 max_fails=0 fail_timeout=0 backup;`);
  const second = await answerAt(scene, 21, onTestFinished);
  await scene.serves(`${scene.address(21)}:8000 max_fails=0 fail_timeout=0;`);
  await second.end();
  await scene.servesNoMore(`${scene.address(21)}:8000`);
  const replicas = (await scene.status()).instances[0]?.services[0]?.replicas;
  expect(replicas?.map(({ inRotation }) => inRotation)).toEqual([true, false]);
});

test.concurrent('http: the answer decides, asked for the public host; the last one stays in whatever it answers', async ({
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
  await scene.servesNoMore(`${scene.address(21)}:8000`);
  first.status = 500;
  await scene.serves(`${scene.address(21)}:8000`);
  expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
  second.status = 200;
  await scene.servesNoMore(`${scene.address(20)}:8000`);
  expect([...first.hosts, ...second.hosts].every((host) => host === 'meet.example.com')).toBe(true);
});

test.concurrent('a probe that can decide nothing leaves the word to the engine, and says so', async ({ scene, onTestFinished }) => {
  await scene.frontend('frontend');
  // Django refuses a host that it doesn't know, and no meet.host tells which one it does.
  scene.backend('backend-1', 20, { ...probedBy('http:/__lbheartbeat__'), health: 'healthy' });
  scene.backend('backend-2', 21, { ...probedBy('http:/__lbheartbeat__'), health: 'unhealthy' });
  for (const host of [20, 21]) (await answerAt(scene, host, onTestFinished)).status = 400;
  const run = scene.run();
  await waitUntil('both are told of', () => problemCodes(run).filter((code) => code === 'probe-unclear').length === 2);
  await scene.serves(`${scene.address(20)}:8000`);
  expect(await scene.content()).not.toContain(`${scene.address(21)}:8000`);
});

test.concurrent('none: whatever the engine says', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, { ...probedBy('none'), health: 'unhealthy' });
  scene.backend('backend-2', 21, { health: 'healthy' });
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  await scene.serves(`${scene.address(21)}:8000`);
});

test.concurrent('meet-gen that is restarted changes nothing while it has not asked yet', async ({ scene, onTestFinished }) => {
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
    'both have answered',
    ({ instances }) => instances[0]?.services[0]?.replicas.filter(({ reason }) => reason.startsWith('probe: ')).length === 2,
  );
  await scene.converged();
  expect({ file: await scene.fileIdentity(), signals: nginx.signals.length }).toEqual(before);
});

test.concurrent('meet-gen that is restarted changes nothing while the frontend is slow to tell its version', async ({ scene }) => {
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

test.concurrent('a frontend of an older nginx that never gets as far as to answer decides the syntax, while the engine restarts it', async ({
  scene,
}) => {
  await scene.frontend('frontend', { version: '1.30.3' });
  scene.run();
  await waitUntil('the newer syntax is published', async () => (await scene.content().catch(() => '')).includes('keepalive_min_timeout'));
  const older = { labels: composeLabels('meet', 'older', { 'meet.role': 'frontend' }), image: 'frontend:older' };
  scene.engine.world.add({ ...older, name: 'older', networks: { [network]: scene.address(30) }, prefixLength: 24, state: 'restarting' });
  await scene.servesNoMore('keepalive_min_timeout');
  scene.engine.world.remove('older');
  await scene.serves('keepalive_min_timeout');
});
