import { expect } from 'vitest';
import { startCommand } from '../support/built-command.ts';
import { startReader } from '../support/swarm/reader.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test, waitForStatus } from './swarm-scene.ts';

// `meet-gen run` behind `meet-gen reader`, over TCP.

const filesAt = (path: string): Readonly<Record<string, string>> => ({ 'meet.role': 'service', 'meet.paths': path, 'meet.port': '3000' });

test.concurrent('routes follow the swarm through a reader, also after a restart of the reader', async ({ meet }) => {
  const { scene, swarm } = meet;
  const { engine } = scene;
  engine.swarm = swarm;
  const { command, port, secretFile, env } = await startReader(scene);
  const ended = meet.backend(20);
  const run = meet.run(['--managers', `tcp://127.0.0.1:${port}`, '--reader-secret', secretFile]);
  await scene.serves(meet.server(20));

  swarm.service('meet_files', { labels: filesAt('/files') });
  swarm.task({ service: 'meet_files', slot: 1, address: scene.address(30) });
  await scene.serves('location ^~ /files/');
  swarm.service('meet_files', { labels: filesAt('/documents') });
  await scene.serves('location ^~ /documents/');
  expect(await scene.content()).not.toContain('location ^~ /files/');

  const before = await scene.fileIdentity();
  await command.stop();
  swarm.change(ended, { state: 'failed', desired: 'shutdown' });
  meet.backend(21);
  await waitForStatus(scene, 'the reader is away', ({ problems }) => problems.some(({ code }) => code === 'engine-unreachable'));
  expect(await scene.fileIdentity()).toBe(before);
  scene.stopsWith(
    startCommand(['reader', '--docker-host', engine.host, '--serve', `127.0.0.1:${port}`, '--reader-secret', secretFile], { env }),
  );
  await scene.serves(meet.server(21));
  expect(await scene.content()).not.toContain(meet.server(20));
  await waitForStatus(scene, 'the problem is over', ({ problems }) => problems.every(({ code }) => code !== 'engine-unreachable'));
  await waitUntil('meet-gen has a stream of events again', () => engine.eventStreams() > 0);

  expect(run.hasEnded()).toBe(false);
  expect(meet.managers.flatMap(({ calls }) => calls)).toEqual([]);
});
