import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { overwriteFile } from '../../../src/publish/in-place.ts';
import { untrustedFiles } from '../../support/untrusted-files.ts';
import { mountPoints } from '../../../src/publish/mount-point.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'out-'));
  path = join(folder, 'routing.conf');
  await writeFile(path, '');
  await chmod(path, 0o644);
});
afterEach(() => rm(folder, { recursive: true }));

describe('overwriting a file', () => {
  it('makes the file longer, shorter and empty, and keeps its inode', async () => {
    const before = await stat(path);
    for (const content of ['one\n', 'a longer one, with an é\n', 'x'.repeat(300_000), 'short\n', ''])
      expect([await overwriteFile(path, content), await readFile(path, 'utf8')]).toEqual(['written', content]);
    expect((await stat(path)).ino).toBe(before.ino);
  });

  it('writes nothing if the content is the same', async () => {
    await overwriteFile(path, 'same');
    const before = await stat(path, { bigint: true });
    expect(await overwriteFile(path, 'same')).toBe('unchanged');
    expect((await stat(path, { bigint: true })).ctimeNs).toBe(before.ctimeNs);
  });

  it('makes the file readable for all users, and keeps a mode that already is', async () => {
    await chmod(path, 0o600);
    expect(await overwriteFile(path, '')).toBe('written');
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    await chmod(path, 0o664);
    expect(await overwriteFile(path, 'x')).toBe('written');
    expect((await stat(path)).mode & 0o777).toBe(0o664);
  });

  it.each(Object.entries(untrustedFiles.notRegular))('refuses %s at once', async (_, make) => {
    await rm(path);
    await make(path, folder);
    await expect(overwriteFile(path, 'x')).rejects.toThrow(/ is .*; remove it$/);
  });

  it('fails with a reason if the file is missing', async () => {
    await expect(overwriteFile(join(folder, 'none'), 'x')).rejects.toThrow(/none can't be written: ENOENT/);
  });
});

describe('the table of mounts', () => {
  it('names the mount points, including blanks', () => {
    const table = [
      '22 28 0:20 / /sys rw,nosuid - sysfs sysfs rw',
      String.raw`116 27 254:0 /f /srv/my\040routing\134.conf rw,relatime shared:1 - ext4 /dev/vda rw`,
      '',
    ];
    expect([...mountPoints(table.join('\n'))]).toEqual(['/sys', String.raw`/srv/my routing\.conf`]);
  });
});
