import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { RunningCommand } from '../support/built-command.ts';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { makePrivateMounts } from '../support/private-mounts.ts';
import type { PrivateMounts } from '../support/private-mounts.ts';
import { isWhole } from '../support/published-file.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, problemCodes, test } from '../integration/scene.ts';
import type { Scene } from '../integration/scene.ts';

// `--out` on a full or read-only file system. It is small, and not the file system of /tmp or the working directory.

const fill = (folder: string): string => `cat /dev/zero > '${folder}/fill' 2> /dev/null || true`;

/** Adds a service whose routes need several pages of a file. */
function manyRoutes(scene: Scene, name: string, host: number): void {
  const paths = Array.from({ length: 64 }, (_, index) => `/${name}-${String(index).padStart(3, '0')}${'x'.repeat(80)}`).join(',');
  scene.engine.world.add({
    name,
    labels: composeLabels('meet', name, { 'meet.role': 'service', 'meet.port': '80', 'meet.paths': paths }),
    networks: { [network]: scene.address(host) },
    prefixLength: 24,
  });
}

function messagesOf(run: RunningCommand): string {
  return run
    .logged('problem')
    .map(({ problem }) => (problem as { message: string }).message)
    .join('\n');
}

async function waitForRecovery(run: RunningCommand, file: string, generation: () => string): Promise<void> {
  await waitUntil('the problem has ended', () => problemCodes(run, 'problemResolved').includes('publish-failed'));
  await waitUntil('the new file is served', () => generation() !== 'none' && generation() === readGeneration(file));
}

async function candidatesIn(mounts: PrivateMounts, folder: string): Promise<readonly string[]> {
  return (await readdir(mounts.at(folder))).filter((name) => name.startsWith('.candidate'));
}

for (const { name, spoil, fix, words } of [
  {
    name: 'a full disk',
    spoil: fill,
    fix: (folder: string) => `rm '${folder}/fill'`,
    words: 'there is no space left on its file system; free some space (ENOSPC)',
  },
  {
    name: 'a disk that became read-only',
    // Remounting fails while meet-gen has a file open for writing.
    spoil: (folder: string) => `until mount -o remount,ro '${folder}'; do sleep 0.02; done`,
    fix: (folder: string) => `mount -o remount,rw '${folder}'`,
    words: 'its file system is mounted read-only',
  },
]) {
  test.concurrent(`${name}: keeps the old file whole, reports the cause, and recovers automatically`, async ({ scene }) => {
    const mounts = await makePrivateMounts(`mount -t tmpfs -o size=128k,mode=755 none '${scene.out}'`);
    const file = mounts.at(join(scene.out, 'routing.conf'));
    const nginx = await scene.frontend('frontend', { file });
    scene.backend('backend', 20);
    const run = scene.run(['--instance', 'meet'], { wrap: mounts.wrap });
    await waitUntil('the file is served', () => nginx.generation() !== 'none' && nginx.generation() === readGeneration(file));
    const old = await readFile(file, 'utf8');
    await mounts.run(spoil(scene.out));
    manyRoutes(scene, 'many', 21);
    await waitUntil('the problem is reported', () => messagesOf(run).includes(words));
    expect(await readFile(file, 'utf8')).toBe(old);
    const lists = scene.engine.listCalls().length;
    await waitUntil('meet-gen has tried twice more', () => scene.engine.listCalls().length >= lists + 2);
    expect(run.hasEnded()).toBe(false);
    await mounts.run(fix(scene.out));
    await waitForRecovery(run, file, nginx.generation);
    // At a resync, meet-gen writes its own files again, and removes the candidates that were left.
    run.signal('SIGHUP');
    // Each try has a candidate for a moment. A candidate that was left would stay.
    await waitUntil('no candidate is left', async () => (await candidatesIn(mounts, scene.out)).length === 0);
    expect(await readFile(file, 'utf8')).toContain('/many-000');
    await mounts.close();
  });
}

test.concurrent('a start on a full disk: runs, reports the problem, fails the healthcheck, and recovers automatically', async ({
  scene,
}) => {
  const mounts = await makePrivateMounts(`mount -t tmpfs -o size=128k,nr_inodes=2,mode=755 none '${scene.out}'; ${fill(scene.out)}`);
  const file = mounts.at(join(scene.out, 'routing.conf'));
  const nginx = await scene.frontend('frontend', { file });
  const options = { wrap: mounts.wrap, env: { TMPDIR: scene.folder } };
  const run = scene.run(['--instance', 'meet'], options);
  await waitUntil('the problem is reported', () => messagesOf(run).includes('there is no space left on its file system'));
  const { code, stderr } = await runCommand(['healthcheck', '--out', scene.out], options);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('is not ready') as string });
  await mounts.run(`rm '${scene.out}/fill'`);
  await waitForRecovery(run, file, nginx.generation);
  expect(await runCommand(['healthcheck', '--out', scene.out], options)).toMatchObject({ code: 0 });
  await mounts.close();
});

test.concurrent('a single file on a full disk: keeps the whole old content', async ({ scene }) => {
  const folder = join(scene.folder, 'small');
  const file = join(folder, 'routing.conf');
  const mounted = join(scene.out, 'routing.conf');
  const mounts = await makePrivateMounts(
    `mkdir '${folder}'; mount -t tmpfs -o size=64k,mode=755 none '${folder}'; touch '${file}' '${mounted}'; mount --bind '${file}' '${mounted}'`,
  );
  const seen = mounts.at(file);
  const nginx = await scene.frontend('frontend', { file: seen });
  scene.backend('backend', 20);
  const options = { wrap: mounts.wrap, env: { TMPDIR: scene.folder } };
  const run = scene.run(['--out', mounted, '--instance', 'meet'], options);
  await waitUntil('the file is served', () => nginx.generation() !== 'none' && nginx.generation() === readGeneration(seen));
  const old = await readFile(seen, 'utf8');
  await mounts.run(fill(folder));
  manyRoutes(scene, 'many', 21);
  await waitUntil('the problem is reported', () => messagesOf(run).includes('there is no space left on its file system'));
  await waitUntil('the old content is restored', async () => (await readFile(seen, 'utf8')) === old);
  await mounts.run(`rm '${folder}/fill'`);
  await waitForRecovery(run, seen, nginx.generation);
  const content = await readFile(seen, 'utf8');
  expect(isWhole(content)).toBe(true);
  expect(content).toContain('/many-000');
  await mounts.close();
});
