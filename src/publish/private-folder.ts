import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A folder for files that must not be in the published directory; its name depends only on that directory's path. */
export function privateFolder(path: string, base = tmpdir()): string {
  return join(base, `meet-gen-${createHash('sha256').update(resolve(path)).digest('hex').slice(0, 12)}`);
}

/**
 * Creates a folder that only this user can access. An existing folder of another user is refused.
 * @throws Error with the cure
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw new Error(
        `${folder} can't be created (${code ?? message}), and meet-gen needs it for its own files; add this line to meet-gen's service in compose: tmpfs: [${tmpdir()}]`,
        { cause },
      );
    const stats = await lstat(folder);
    if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o077) !== 0)
      throw new Error(
        `${folder} belongs to another user or is open to others, so meet-gen doesn't use it; remove it, or set TMPDIR to another folder`,
        {
          cause,
        },
      );
  }
}
