import { access, constants, readdir, realpath, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { removeLeftCandidates } from './atomic-file.ts';
import { isMountPoint } from './mount-point.ts';
import { privateFolder } from './private-folder.ts';

/**
 * The place that `--out` names: a directory, or a single file. A directory holds the file of one instance (`only`), or a
 * folder for each instance. Only a `replaceable` file is replaced by rename; others are overwritten.
 */
export type OutPlace =
  | { readonly kind: 'directory'; readonly path: string; readonly only: string | undefined }
  | { readonly kind: 'file'; readonly path: string; readonly replaceable: boolean };

/**
 * The path of an instance's file: `<out>/routing.conf` with `--instance`, else `<out>/<instance>/routing.conf`. Only the
 * option decides, never the number of instances.
 */
export function publishedPath(place: OutPlace, instance: string): string {
  if (place.kind === 'file') return place.path;
  return place.only === undefined ? join(place.path, instance, 'routing.conf') : join(place.path, 'routing.conf');
}

/**
 * The folder of meet-gen's own dot files: files about an instance are beside its published file, the others in `--out`.
 * If `--out` is a single file, its folder isn't meet-gen's, so all are in a private folder (`makePrivateFolder`).
 */
export function ownFolder(place: OutPlace, instance?: string): string {
  if (place.kind === 'file') return privateFolder(place.path);
  return instance === undefined ? place.path : dirname(publishedPath(place, instance));
}

/** Stores which containers operators have drained. */
export function drainsPath(place: OutPlace): string {
  return join(ownFolder(place), '.drained.json');
}

/** Stores the nginx version of each frontend image. */
export function versionsPath(place: OutPlace): string {
  return join(ownFolder(place), '.versions.json');
}

/** The limit for a socket's path on Linux (unix(7), sun_path). */
export const longestSocketPath = 107;

/** The lock of a directory. For a single file, the status socket, named after that file, is the lock. */
export function lockPath(place: OutPlace): string | undefined {
  return place.kind === 'file' ? undefined : `${place.path.replace(/\/+$/, '')}/.meet-gen.sock`;
}

/**
 * The possible paths of the status socket, the likeliest first. The socket is in a private folder, since frontends see
 * the published directory, and root can connect through a read-only mount. Each container has its own writable /dev/shm,
 * even with a read-only root. Commands that ask the sidecar use the same list, so this takes no `OutPlace`.
 */
export async function statusSockets(out: string): Promise<readonly string[]> {
  const path = await realpath(out).catch(() => out);
  return [tmpdir(), '/dev/shm'].map((base) => join(privateFolder(path, base), 'status.sock'));
}

/**
 * Examines `--out`.
 * @throws Error with the reason why meet-gen can't publish there, and the cure, in one line
 */
export async function readOutPlace(out: string, only: string | undefined): Promise<OutPlace> {
  const stats = await stat(out).catch((error: NodeJS.ErrnoException) => error);
  if (stats instanceof Error) {
    if (stats.code === 'ENOENT')
      throw new Error(`${out} does not exist; mount the volume that the frontend shares there, or name another directory`);
    throw new Error(`${out} can't be read: ${stats.message}`);
  }
  if (!stats.isDirectory()) return readFilePlace(out, stats, only);
  if (out.endsWith('.conf'))
    throw new Error(
      `${out} is a directory: Docker creates one if the file to mount does not exist. On the host, replace it by a file (touch), then recreate the containers`,
    );
  await checkWritable(out, constants.W_OK | constants.X_OK, stats);
  return { kind: 'directory', path: out, only };
}

async function readFilePlace(out: string, stats: Stats, only: string | undefined): Promise<OutPlace> {
  if (!stats.isFile()) throw new Error(`${out} must be a directory or a file; name the directory that the frontend shares`);
  if (only === undefined)
    throw new Error(`${out} is a file, which holds only one Meet; name that Meet with --instance, or use a directory`);
  const path = await realpath(out);
  const replaceable = !(await isMountPoint(path)) && (await may(dirname(path), constants.W_OK | constants.X_OK));
  if (!replaceable) await checkWritable(path, constants.W_OK, stats);
  return { kind: 'file', path, replaceable };
}

/** @throws Error with the cure if this user can't write there */
async function checkWritable(path: string, mode: number, { uid }: Stats): Promise<void> {
  const error = await access(path, mode).then(
    () => undefined,
    (reason: NodeJS.ErrnoException) => reason,
  );
  if (error === undefined) return;
  if (error.code === 'EROFS')
    throw new Error(`${path} is mounted read-only; remove :ro from meet-gen's mount (the frontend's mount may stay read-only)`);
  const user = process.getuid?.();
  const chown = `make that user its owner (chown ${user ?? '<uid>'} on the host)`;
  const cure =
    mode === constants.W_OK
      ? `${chown}, or run meet-gen as its owner (user: "${uid}" in compose)`
      : `${chown}, or use a named volume, which takes the owner from the image`;
  throw new Error(`${path} is not writable for user ${user ?? '?'}; ${cure}`);
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** The only instance, or all instances that have a folder. */
export async function instancesIn(place: OutPlace, only: string | undefined): Promise<readonly string[]> {
  if (only !== undefined) return [only];
  const entries = await readdir(place.path, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** Removes the candidates that a killed process left in `--out` and in the folders of instances. */
export async function clearLeftCandidates(place: OutPlace): Promise<void> {
  if (place.kind === 'file') return place.replaceable ? removeLeftCandidates(dirname(place.path), basename(place.path)) : undefined;
  const entries = await readdir(place.path, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(place.path, entry.name));
  await Promise.all([place.path, ...folders].map((folder) => removeLeftCandidates(folder)));
}
