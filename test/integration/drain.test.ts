import { expect } from 'vitest';
import { runCommand, startCommand } from '../support/built-command.ts';
import type { CommandEnd } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { askPort, freePort, problemCodes, test } from './scene.ts';
import type { Scene } from './scene.ts';

function drain(scene: Scene, ...args: readonly string[]): Promise<CommandEnd> {
  return runCommand(['drain', '--out', scene.out, ...args]);
}

test.concurrent('drain ends when the replica is proven out of rotation, and the replica stays out until its stop', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.oldWorkersMs = 100;
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  const run = scene.run();
  await scene.serves(`${scene.address(21)}:8000`);
  expect(await drain(scene, 'backend-1')).toMatchObject({
    code: 0,
    stdout: 'backend-1: out, it can be stopped: no frontend sends it new requests\n',
    stderr: '',
  });
  expect(await scene.content()).not.toContain(`${scene.address(20)}:8000`);
  expect((await scene.status()).instances[0]?.frontends[0]).toMatchObject({ phase: 'live', runningGeneration: nginx.generation() });
  expect(problemCodes(run, 'notice')).toEqual(['drained']);

  run.signal('SIGHUP');
  await scene.converged();
  expect(await scene.content()).not.toContain(`${scene.address(20)}:8000`);

  scene.engine.world.stop('backend-1');
  await waitUntil('the drain is no longer reported', () => problemCodes(run, 'problemResolved').includes('drained'));
  scene.engine.world.start('backend-1');
  await scene.serves(`${scene.address(20)}:8000`);
});

test.concurrent('drain outlives a restart of meet-gen', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  scene.run();
  await scene.serves(`${scene.address(21)}:8000`);
  expect((await drain(scene, 'backend-1')).code).toBe(0);
  await scene.stopAll();
  const before = await scene.fileIdentity();
  scene.run();
  await scene.converged();
  expect(await scene.fileIdentity()).toBe(before);
  expect((await drain(scene, '--cancel', 'backend-1')).code).toBe(0);
  await scene.serves(`${scene.address(20)}:8000`);
});

test.concurrent('drain refuses to take out the only replica, and changes nothing', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const before = await scene.fileIdentity();
  const { code, stdout, stderr } = await drain(scene, 'backend-1', '--timeout', '300ms');
  expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
  expect(stderr).toContain('backend-1: still needed: no other replica is ready to take its requests');
  expect(await scene.fileIdentity()).toBe(before);
  scene.backend('backend-2', 21);
  await scene.serves(`${scene.address(21)}:8000`);
  expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
});

test.concurrent('drain waits until another replica is ready to take over', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21, { health: 'starting' });
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const draining = drain(scene, 'backend-1');
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.health('backend-2', 'healthy');
  expect((await draining).code).toBe(0);
  expect(await scene.content()).toContain(`${scene.address(21)}:8000`);
  expect(await scene.content()).not.toContain(`${scene.address(20)}:8000`);
});

test.concurrent('drain fails and is undone if one frontend keeps the old routes', async ({ scene }) => {
  await scene.frontend('frontend-1');
  const stubborn = await scene.frontend('frontend-2', { host: 11 });
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  scene.run();
  await scene.serves(`${scene.address(21)}:8000`);
  stubborn.behaviour.refuseReload = true;
  const { code, stderr } = await drain(scene, 'backend-1', '--timeout', '3s');
  expect(code).toBe(7);
  expect(stderr).toMatch(/backend-1: not out yet: .*frontend-2 is (reloading|pending|rejected)/);
  expect(stderr).toContain('all of the containers take requests again');
  stubborn.behaviour.refuseReload = false;
  await scene.serves(`${scene.address(20)}:8000`);
});

test.concurrent('drain is undone when interrupted', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  scene.run();
  await scene.serves(`${scene.address(21)}:8000`);
  // The refused reload keeps the drain from ending.
  nginx.behaviour.refuseReload = true;
  const draining = startCommand(['drain', '--out', scene.out, 'backend-1']);
  await waitUntil('the replica is out', async () => !(await scene.content()).includes(`${scene.address(20)}:8000`));
  draining.signal('SIGINT');
  expect((await draining.ended).code).toBe(7);
  nginx.behaviour.refuseReload = false;
  await scene.serves(`${scene.address(20)}:8000`);
});

test.concurrent('drain refuses an unknown name and a frontend, and suggests a name', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  expect(await drain(scene, 'bakcend-1')).toMatchObject({ code: 7, stderr: expect.stringContaining('did you mean backend-1') });
  expect(await drain(scene, 'frontend')).toMatchObject({ code: 7, stderr: expect.stringContaining('frontend is a frontend') });
  expect(await drain(scene, 'backend-1', '--timeout', 'soon')).toMatchObject({ code: 2, stderr: expect.stringContaining('--timeout') });
});

test.concurrent('drain reports that no meet-gen is running', async ({ scene }) => {
  expect(await drain(scene, 'backend-1')).toMatchObject({ code: 7, stderr: expect.stringContaining('no meet-gen answers') });
});

test.concurrent('drain is not available over TCP', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  const port = await freePort();
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await scene.serves(`${scene.address(21)}:8000`);
  expect((await askPort(port, '/drain?container=backend-1', { method: 'POST' })).status).toBe(405);
  expect((await askPort(port, '/drain?container=backend-1')).status).toBe(404);
  expect((await scene.status()).problems).toEqual([]);
});
