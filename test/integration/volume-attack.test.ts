import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { addVictims, attack, attacks, expectRecovery, waitForOwnerFiles, expectContained } from '../attack/volume-attack.ts';
import { untrustedFiles } from '../support/untrusted-files.ts';
import { askSocket, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/** Checks that the tenant without attacks is still served: a new backend goes live. */
async function expectServed(scene: Scene, host: number): Promise<void> {
  scene.backend(`backend-${host}`, host);
  await waitForStatus(scene, 'the new backend is served', ({ instances }) =>
    instances.some(
      ({ name, services, frontends }) =>
        name === 'meet' &&
        services.some(({ replicas }) =>
          replicas.some(({ endpoint, inRotation }) => inRotation && endpoint === `${scene.address(host)}:8000`),
        ) &&
        frontends.every(({ phase }) => phase === 'live'),
    ),
  );
  expect(await scene.content()).toContain(`${scene.address(host)}:8000`);
}

test('any kind of file at any path of an instance affects only that instance, and only until its removal', async ({ scene }) => {
  expect(attacks.length).toBeGreaterThan(130);
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  addVictims(scene);
  const outside = await attack(scene);
  const run = scene.run(['--wait', '10ms:50ms']);
  await expectServed(scene, 21);
  await expectContained(scene, outside, true);
  await expectServed(scene, 22);
  await expectRecovery(scene, () => run.signal('SIGHUP'));
  await waitForOwnerFiles(scene);

  await attack(scene);
  run.signal('SIGHUP');
  await expectServed(scene, 23);
  await expectContained(scene, outside, false);
  await expectServed(scene, 24);
  await expectRecovery(scene, () => run.signal('SIGHUP'));

  await attack(scene);
  run.signal('SIGHUP');
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
});

const few = ['a named pipe', 'a link to /dev/zero', 'a directory with files', 'JSON null'] as const;
for (const kind of few)
  test(`${kind} at a path of meet-gen's own files is reported or replaced, without other effects`, async ({ scene }) => {
    await scene.frontend('frontend', { file: join(scene.out, 'routing.conf') });
    scene.backend('backend', 20);
    const outside = join(scene.folder, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'file'), '');
    const names = ['.drained.json', '.versions.json', '.meet-gen.sock', 'routing.conf', '.editions.json'];
    for (const name of names) await untrustedFiles.all[kind]?.(join(scene.out, name), outside);
    const run = scene.run(['--instance', 'meet']);
    await waitForStatus(scene, 'the engine has been listed', ({ engine }) => engine.lastSyncAt !== null);
    expect((await askSocket(scene.statusSocket, '/healthz')).status).toBe(200);
    for (const name of names) if (kind !== 'JSON null') await rm(join(scene.out, name), { recursive: true, force: true });
    run.signal('SIGHUP');
    await waitForStatus(scene, 'all is well', ({ converged, problems }) => {
      // A write that runs during the resync fails later, and is retried at the next resync.
      if (problems.length > 0) run.signal('SIGHUP');
      return converged && problems.length === 0;
    });
    expect(await run.stop()).toMatchObject({ code: 0, signal: null });
  });
