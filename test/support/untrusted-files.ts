import { execFile } from 'node:child_process';
import { chmod, mkdir, open, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const terabyte = 2 ** 40;

/** Makes something at a path. Links lead to the other folder. */
type MakeUntrusted = (path: string, outside: string) => Promise<unknown>;

/**
 * Things that a user with write access to the volume can put in the place of meet-gen's small files. meet-gen must not
 * follow, await or fully read such a file.
 */
const notRegular: Readonly<Record<string, MakeUntrusted>> = {
  'a named pipe': (path) => run('mkfifo', [path]),
  'a link to /dev/zero': (path) => symlink('/dev/zero', path),
  'a link to a file outside': (path, outside) => symlink(join(outside, 'file'), path),
  'a link to a directory outside': (path, outside) => symlink(outside, path),
  'a dangling link': (path) => symlink('/nowhere/at/all', path),
  'a link to itself': (path) => symlink(path, path),
  'an empty directory': (path) => mkdir(path),
  'a directory with files': async (path) => {
    await mkdir(path);
    await writeFile(join(path, 'routing.conf'), 'return 418;\n');
  },
  'a socket without a listener': makeDeadSocket,
  'a file of a terabyte': makeSparseFile,
  ...(process.getuid?.() === 0 ? { 'a device': (path: string) => run('mknod', [path, 'c', '1', '5']) } : {}),
};

/** Small regular files with invalid content. */
const nonsense: Readonly<Record<string, MakeUntrusted>> = {
  'an empty file': (path) => writeFile(path, ''),
  'a file of mode 0000': async (path) => {
    await writeFile(path, '{}');
    await chmod(path, 0o000);
  },
  'bytes that are not text': (path) => writeFile(path, Buffer.from([0, 255, 254, 13, 10, 0])),
  'broken JSON': (path) => writeFile(path, '{"format":2,"refused":['),
  'JSON null': (path) => writeFile(path, 'null'),
  'a JSON number': (path) => writeFile(path, '17'),
  'a JSON list': (path) => writeFile(path, '[[],null,{}]'),
  'JSON of the wrong types': (path) => writeFile(path, '{"format":2,"good":[],"refused":"x","lives":{},"settledFor":1}'),
  'JSON with null in a list': (path) => writeFile(path, '{"format":2,"refused":[null],"lives":""}'),
  'JSON with a structure of the wrong types': (path) =>
    writeFile(path, '{"format":3,"good":{"templates":"x","structure":{"groups":null}},"refused":[],"lives":""}'),
  'JSON that is deeply nested': (path) => writeFile(path, '['.repeat(200_000)),
};

export const untrustedFiles = { notRegular, nonsense, all: { ...notRegular, ...nonsense } };

async function makeSparseFile(path: string): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(terabyte);
  await file.close();
}

/** Closing a server removes the socket by its first name. The renamed socket stays. */
async function makeDeadSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}-made`, resolve));
  await rename(`${path}-made`, path);
  await new Promise((resolve) => server.close(resolve));
}
