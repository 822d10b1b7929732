import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder for what can't lie where it is published; the same for everybody who names that place. */
export function privateFolder(path: string, base = tmpdir()): string {
  return join(base, `meet-gen-${createHash('sha256').update(resolve(path)).digest('hex').slice(0, 12)}`);
}

/**
 * Makes a private folder, closed to everybody else; one that somebody else made is not trusted.
 * @throws Error with the cure
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw new Error(
        `${folder} can't be made (${code ?? message}), and meet-gen needs it for its own files; add this line to its service in compose: tmpfs: [${tmpdir()}]`,
        { cause },
      );
    const stats = await lstat(folder);
    if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o077) !== 0)
      throw new Error(
        `${folder} is somebody else's, so it is not used for meet-gen's own files; remove it, or set TMPDIR to another folder`,
        {
          cause,
        },
      );
  }
}
