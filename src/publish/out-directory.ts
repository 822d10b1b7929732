import { access, constants, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeLeftCandidates } from './atomic-file.ts';

/**
 * Where an instance's file is published: `<out>/routing.conf` when one instance was asked for, else
 * `<out>/<instance>/routing.conf`. The option alone decides, never how many instances there are.
 */
export function publishedPath(out: string, instance: string, onlyInstance: string | undefined): string {
  return onlyInstance === undefined ? join(out, instance, 'routing.conf') : join(out, 'routing.conf');
}

/** Where is kept which containers operators took out of rotation. */
export function drainsPath(out: string): string {
  return join(out, '.drained.json');
}

/**
 * Checks that files can be published there.
 * @throws Error that says what is wrong and how to mend it, in one line
 */
export async function checkOutDirectory(out: string): Promise<void> {
  const stats = await stat(out).catch((error: NodeJS.ErrnoException) => error);
  if (stats instanceof Error) {
    if (stats.code === 'ENOENT')
      throw new Error(`${out} does not exist; mount the volume that the frontend shares there, or name another directory`);
    throw new Error(`${out} can't be looked at: ${stats.message}`);
  }
  if (!stats.isDirectory())
    throw new Error(`${out} is a file; mount the directory it is in instead, since a single mounted file can't be replaced atomically`);
  try {
    await access(out, constants.W_OK | constants.X_OK);
  } catch {
    const user = process.getuid?.();
    throw new Error(
      `${out} is not writable for user ${user ?? '?'}; make that user its owner (chown ${user ?? '<uid>'} on the host), or use a named volume, which takes the owner from the image`,
    );
  }
}

/** Removes the candidates that a killed process left there and in the folders of instances. */
export async function clearLeftCandidates(out: string): Promise<void> {
  const entries = await readdir(out, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(out, entry.name));
  await Promise.all([out, ...folders].map(removeLeftCandidates));
}
