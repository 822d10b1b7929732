import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test } from './scene.ts';

// `--out` names a single file that is not mounted. Mounted files are in test/machine/mounted-file.test.ts.

test.concurrent('replaces a file that is not mounted, and removes its leftover candidates', async ({ scene }) => {
  const file = join(scene.out, 'my-routing.conf');
  await writeFile(file, 'by hand');
  await writeFile(join(scene.out, '.candidate-my-routing.conf-00'), '');
  const { ino } = await stat(file);
  const nginx = await scene.frontend('frontend', { file });
  const run = scene.run(['--out', file, '--instance', 'meet'], { env: { TMPDIR: scene.folder } });
  await waitUntil('the file is served', () => nginx.generation() !== 'none' && nginx.generation() === readGeneration(file));
  expect((await stat(file)).ino).not.toBe(ino);
  expect(await readdir(scene.out)).toEqual(['my-routing.conf']);
  await waitUntil('the single file is reported', () => problemCodes(run).filter((code) => code === 'single-file-out').length === 1);
});

test.concurrent('writes the file in place if its folder is not writable', async ({ scene }) => {
  const uid = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  await chmod(scene.folder, 0o711);
  await chmod(scene.engine.socketPath, 0o666);
  const file = join(scene.out, 'routing.conf');
  await writeFile(file, '');
  await chmod(file, 0o666);
  await chmod(scene.out, 0o555);
  const temporary = join(scene.folder, 'tmp');
  await mkdir(temporary);
  await chmod(temporary, 0o777);
  const { ino } = await stat(file);
  const nginx = await scene.frontend('frontend', { file });
  scene.run(['--out', file, '--instance', 'meet'], { ...uid, env: { TMPDIR: temporary } });
  await waitUntil('the file is served', () => nginx.generation() !== 'none' && nginx.generation() === readGeneration(file));
  expect((await stat(file)).ino).toBe(ino);
  await chmod(scene.out, 0o755);
});

test.concurrent('refuses a file that is not writable, with its owner and both fixes', async ({ scene }) => {
  const uid = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  await chmod(scene.folder, 0o711);
  const file = join(scene.out, 'routing.conf');
  await writeFile(file, '');
  await chmod(file, 0o444);
  await chmod(scene.out, 0o555);
  const { code, stderr } = await runCommand(['run', '--out', file, '--instance', 'meet'], { ...uid, env: { TMPDIR: '/tmp' } });
  expect(code).toBe(2);
  expect(stderr).toMatch(/routing\.conf is not writable for user \d+; .*chown \d+ on the host.*\(user: "\d+" in compose\)\n$/);
  await chmod(scene.out, 0o755);
});

test.concurrent('prints the line to paste if there is no place for its own files', async ({ scene }) => {
  const file = join(scene.out, 'routing.conf');
  await writeFile(file, '');
  const nowhere = join(scene.folder, 'nowhere');
  const { code, stderr } = await runCommand(['run', '--out', file, '--instance', 'meet'], { env: { TMPDIR: nowhere } });
  expect(code).toBe(2);
  expect(stderr).toContain(`add this line to its service in compose: tmpfs: [${nowhere}]`);
});

test.concurrent('reports a file that another program writes again and again', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  const right = await scene.content();
  for (let time = 0; time < 3; time += 1) {
    expect(problemCodes(run)).not.toContain('output-contested');
    await writeFile(scene.file(), 'server { listen 8083; }\n');
    run.signal('SIGHUP');
    await waitUntil('the file is repaired', async () => (await scene.content()) === right);
  }
  await waitUntil('the contested file is reported', () => problemCodes(run).includes('output-contested'));
});
