import { chmod, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  clearLeftCandidates,
  drainsPath,
  lockPath,
  ownFolder,
  publishedPath,
  readOutPlace,
  statusSockets,
} from '../../../src/publish/out-directory.ts';
import type { OutPlace } from '../../../src/publish/out-directory.ts';
import { makePrivateFolder, privateFolder } from '../../../src/publish/private-folder.ts';

let out: string;
beforeEach(async () => {
  out = await realpath(await mkdtemp(join(tmpdir(), 'out-')));
});
afterEach(() => rm(out, { recursive: true }));

const all: OutPlace = { kind: 'directory', path: '/routing', only: undefined };
const one: OutPlace = { kind: 'directory', path: '/routing', only: 'meet' };
const file: OutPlace = { kind: 'file', path: '/srv/routing.conf', replaceable: false };

describe('the paths', () => {
  it.each([
    { place: all, published: '/routing/meet/routing.conf', own: '/routing/meet', drains: '/routing/.drained.json' },
    { place: one, published: '/routing/routing.conf', own: '/routing', drains: '/routing/.drained.json' },
    {
      place: file,
      published: '/srv/routing.conf',
      own: privateFolder('/srv/routing.conf'),
      drains: `${privateFolder('/srv/routing.conf')}/.drained.json`,
    },
  ])('$place.kind $place.path of $place.only', ({ place, published, own, drains }) => {
    expect(publishedPath(place, 'meet')).toBe(published);
    expect(ownFolder(place, 'meet')).toBe(own);
    expect(drainsPath(place)).toBe(drains);
  });

  it('the status socket is never in the directory, but the lock is', async () => {
    const path = join(out, 'routing.conf');
    await writeFile(path, '');
    for (const place of [`${out}/`, path])
      expect(await statusSockets(place)).toEqual([
        `${privateFolder(place)}/status.sock`,
        `${privateFolder(place, '/dev/shm')}/status.sock`,
      ]);
    expect(lockPath({ kind: 'directory', path: `${out}/`, only: 'meet' })).toBe(`${out}/.meet-gen.sock`);
    expect(lockPath(file)).toBeUndefined();
  });

  it('the name of a private folder depends only on the path', () => {
    expect(privateFolder('/srv/a/../routing.conf')).toBe(privateFolder('/srv/routing.conf'));
    expect(privateFolder('/srv/routing.conf')).not.toBe(privateFolder('/srv/routing2.conf'));
  });
});

describe('a private folder', () => {
  it('is created, then reused', async () => {
    const folder = join(out, 'own');
    await makePrivateFolder(folder);
    await makePrivateFolder(folder);
    await writeFile(join(folder, 'x'), '');
  });

  it('is refused if others can read it, or if it is a link', async () => {
    const [open, link] = [join(out, 'open'), join(out, 'link')];
    await mkdir(open);
    await chmod(open, 0o755);
    await symlink(out, link);
    await expect(makePrivateFolder(open)).rejects.toThrow(/belongs to another user/);
    await expect(makePrivateFolder(link)).rejects.toThrow(/belongs to another user/);
  });

  it('names the line to paste if it can not be created', async () => {
    await expect(makePrivateFolder(join(out, 'nowhere', 'own'))).rejects.toThrow(`tmpfs: [${tmpdir()}]`);
  });
});

describe('the target of --out', () => {
  it('may be a writable directory', async () => {
    expect(await readOutPlace(out, undefined)).toEqual({ kind: 'directory', path: out, only: undefined });
    expect(await readOutPlace(out, 'meet')).toEqual({ kind: 'directory', path: out, only: 'meet' });
  });

  it('may be a file for one instance, also through a link', async () => {
    const path = join(out, 'routing.conf');
    await writeFile(path, '');
    await symlink(path, join(out, 'link'));
    expect(await readOutPlace(path, 'meet')).toEqual({ kind: 'file', path, replaceable: true });
    expect(await readOutPlace(join(out, 'link'), 'meet')).toEqual({ kind: 'file', path, replaceable: true });
  });

  it('must not be a file without --instance', async () => {
    await writeFile(join(out, 'routing.conf'), '');
    await expect(readOutPlace(join(out, 'routing.conf'), undefined)).rejects.toThrow(
      /is a file, which holds only one Meet; name that Meet with --instance/,
    );
  });

  it('must exist', async () => {
    await expect(readOutPlace(join(out, 'nowhere'), undefined)).rejects.toThrow(/does not exist; mount the volume/);
  });

  it('must be a directory or a file', async () => {
    await expect(readOutPlace('/dev/null', 'meet')).rejects.toThrow(/must be a directory or a file/);
  });

  it('must not be the directory that Docker creates for a missing file', async () => {
    await mkdir(join(out, 'routing.conf'));
    await expect(readOutPlace(join(out, 'routing.conf'), 'meet')).rejects.toThrow(/Docker creates one .* replace it by a file \(touch\)/);
  });
});

describe('candidates that a killed process left', () => {
  it('are removed from the output directory and the folders of instances', async () => {
    await mkdir(join(out, 'meet'));
    await writeFile(join(out, '.candidate-a'), '');
    await writeFile(join(out, 'meet', '.candidate-b'), '');
    await writeFile(join(out, 'meet', 'routing.conf'), '');
    await clearLeftCandidates({ kind: 'directory', path: out, only: undefined });
    expect((await readdir(out, { recursive: true })).toSorted()).toEqual(['meet', 'meet/routing.conf']);
  });

  it('are removed beside a single file, and no other files there', async () => {
    for (const name of ['.candidate-routing.conf-0a', '.candidate-other.conf-0a', 'routing.conf']) await writeFile(join(out, name), '');
    await clearLeftCandidates({ kind: 'file', path: join(out, 'routing.conf'), replaceable: true });
    expect((await readdir(out)).toSorted()).toEqual(['.candidate-other.conf-0a', 'routing.conf']);
  });
});
