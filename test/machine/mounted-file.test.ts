import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { CommandOptions, RunningCommand } from '../support/built-command.ts';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { makePrivateMounts } from '../support/private-mounts.ts';
import type { PrivateMounts } from '../support/private-mounts.ts';
import { isWhole } from '../support/published-file.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test } from '../integration/scene.ts';
import type { Scene } from '../integration/scene.ts';

// `--out` names a file that is a mount point, as in the hand-written layout, or a directory in which routing.conf is
// one.

interface Layout {
  /** The file's path for the frontend. */
  readonly file: string;
  readonly out: string;
  readonly mounts: PrivateMounts;
  readonly options: CommandOptions;
  readonly env: Readonly<Record<string, string>>;
  readonly temporary: string;
}

/** Mounts a file of the host at another path for meet-gen. */
async function mountFile(scene: Scene, mountedAt: string, out = mountedAt): Promise<Layout> {
  const [file, temporary] = [join(scene.folder, 'nginx-routing.conf'), join(scene.folder, 'tmp')];
  await mkdir(temporary);
  for (const path of [file, mountedAt]) {
    await writeFile(path, '');
    await chmod(path, 0o644);
  }
  const mounts = await makePrivateMounts(`mount --bind '${file}' '${mountedAt}'`);
  const env = { TMPDIR: temporary };
  return { file, out, mounts, temporary, env, options: { wrap: mounts.wrap, env } };
}

async function waitUntilServed(layout: Layout, text: string, generation: () => string): Promise<void> {
  await waitUntil(`${text} is served`, async () => {
    const content = await readFile(layout.file, 'utf8');
    return content.includes(text) && isWhole(content) && generation() === readGeneration(layout.file);
  });
}

const layoutProblems = (run: RunningCommand): readonly string[] => problemCodes(run).filter((code) => code === 'single-file-out');

test.concurrent('overwrites a mounted file in place, and recommends the better layout once', async ({ scene }) => {
  const layout = await mountFile(scene, join(scene.folder, 'routing.conf'));
  const { ino } = await stat(layout.file);
  const nginx = await scene.frontend('frontend', { file: layout.file });
  scene.backend('backend', 20);
  const flags = ['--out', layout.out, '--instance', 'meet'];
  const run = scene.run(flags, layout.options);
  await waitUntilServed(layout, `${scene.address(20)}:8000`, nginx.generation);
  scene.backend('backend-2', 21);
  await waitUntilServed(layout, `${scene.address(21)}:8000`, nginx.generation);
  scene.engine.world.remove('backend-2');
  await waitUntil(
    'the removed backend is not in the file',
    async () => !(await readFile(layout.file, 'utf8')).includes(`${scene.address(21)}:8000`),
  );
  await waitUntilServed(layout, `${scene.address(20)}:8000`, nginx.generation);
  expect((await stat(layout.file)).ino).toBe(ino);
  expect(layoutProblems(run)).toEqual(['single-file-out']);
  expect(JSON.stringify(run.logged('problem'))).toContain('mount the directory instead');

  // The other commands find the file by the same rule, and the folder has no other files.
  expect(await runCommand(['healthcheck', '--out', layout.out], layout.options)).toMatchObject({ code: 0, stderr: '' });
  expect((await runCommand(['drain', '--out', layout.out, '--timeout', '100ms', 'backend'], layout.options)).stderr).toContain(
    'still needed',
  );
  const second = await scene.run(flags, layout.options).ended;
  expect(second).toMatchObject({ code: 2 });
  expect(second.stderr).toContain('another meet-gen is publishing into this directory already');
  expect((await readdir(scene.folder)).toSorted()).toEqual(['e.sock', 'nginx-routing.conf', 'out', 'routing.conf', 'tmp']);
  await layout.mounts.close();
});

test.concurrent('repairs a half-written file at the next start', async ({ scene }) => {
  const layout = await mountFile(scene, join(scene.folder, 'routing.conf'));
  const nginx = await scene.frontend('frontend', { file: layout.file });
  scene.backend('backend', 20);
  const flags = ['--out', layout.out, '--instance', 'meet'];
  const first = scene.run(flags, layout.options);
  await waitUntilServed(layout, `${scene.address(20)}:8000`, nginx.generation);
  first.signal('SIGKILL');
  await first.ended;
  const whole = await readFile(layout.file, 'utf8');
  await writeFile(layout.file, `${whole.slice(0, 2000)}${'of an older file\n'.repeat(900)}`);
  scene.run(flags, layout.options);
  await waitUntil('the file is repaired', async () => (await readFile(layout.file, 'utf8')) === whole);
  await layout.mounts.close();
});

test.concurrent('accepts a directory in which the published file is a mount point', async ({ scene }) => {
  const layout = await mountFile(scene, join(scene.out, 'routing.conf'), scene.out);
  const { ino } = await stat(layout.file);
  const nginx = await scene.frontend('frontend', { file: layout.file });
  scene.backend('backend', 20);
  const run = scene.run(['--instance', 'meet'], layout.options);
  await waitUntilServed(layout, `${scene.address(20)}:8000`, nginx.generation);
  await waitUntil('the problem is reported', () => layoutProblems(run).length === 1);
  expect((await stat(layout.file)).ino).toBe(ino);
  const names = ['.editions.json', '.meet-gen.sock', '.owner.json', '.versions.json', 'routing.conf'];
  await waitUntil(
    'the directory has no other files',
    async () => (await readdir(layout.mounts.at(scene.out))).toSorted().join() === names.join(),
  );
  await layout.mounts.close();
});

test.concurrent('names the mount to change if the file is mounted read-only', async ({ scene }) => {
  const layout = await mountFile(scene, join(scene.folder, 'routing.conf'));
  await layout.mounts.run(`mount -o remount,ro,bind '${layout.out}'`);
  const { code, stderr } = await runCommand(['run', '--out', layout.out, '--instance', 'meet'], layout.options);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `meet-gen: --out: ${layout.out} is mounted read-only; remove :ro from meet-gen's mount (the frontend's mount may stay read-only)\n`,
  });
  await layout.mounts.close();
});
