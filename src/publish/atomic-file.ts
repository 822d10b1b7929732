import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileRefused, readSmall } from './read-small-file.ts';

/** nginx's master is not root in the Meet image, so all users need read access. */
const fileMode = 0o644;
const directoryMode = 0o755;
const candidatePrefix = '.candidate';

/** `unchanged`: the file already had this content, so nothing was written. */
export type WriteResult = 'written' | 'unchanged';

/**
 * Replaces a file so that no reader ever sees a torn or empty one, even after a crash.
 * Steps: a temporary file in the same directory, chmod, fsync, rename, fsync of the directory. The same content again
 * writes nothing.
 * @throws Error that names the file and the system's reason, with the system's error as its cause
 */
export async function publishFile(path: string, content: string): Promise<WriteResult> {
  return withPathInError(path, async () => ((await isPublished(path, content)) ? 'unchanged' : replace(path, content, true)));
}

/** As `publishFile`, for content that is known to be new: skips reading the file. */
export async function replaceFile(path: string, content: string): Promise<WriteResult> {
  return withPathInError(path, () => replace(path, content, true));
}

/**
 * Writes a temporary file: never torn, but without fsync, since a slow disk would only delay its readers.
 * @returns a function that removes the file
 * @throws Error that names the file and the system's reason
 */
export async function stageFile(path: string, content: string): Promise<() => Promise<void>> {
  await withPathInError(path, () => replace(path, content, false));
  return () => withPathInError(path, () => rm(path, { force: true }));
}

async function withPathInError<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Explains a system error, with its cure if the code is known. */
export function writeError(path: string, cause: unknown): Error {
  if (cause instanceof FileRefused) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : reasons[code];
  return new Error(`${path} can't be written: ${words === undefined ? (code ?? message) : `${words} (${code ?? ''})`}`, { cause });
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on its file system; free some space',
  EDQUOT: "the user's quota on its file system is used up; free some space, or raise the quota",
  EROFS: 'its file system is mounted read-only; mount it writable for meet-gen, or check the system log for a failed disk',
  EACCES: "meet-gen's user may not write there; make that user the owner of the directory",
  EPERM: "meet-gen's user may not write there, or change the mode; make that user the owner",
  EIO: 'the disk reports an error; check the system log',
  EISDIR: 'it is a directory; remove that directory',
  ENOTEMPTY: 'it is a directory; remove that directory',
  ENOTDIR: 'its parent is a file instead of a directory; remove that file',
};

async function replace(path: string, content: string, durably: boolean): Promise<'written'> {
  const directory = dirname(path);
  const candidate = join(directory, `${candidatePrefix}-${basename(path)}-${randomBytes(6).toString('hex')}`);
  await removeLeftCandidates(directory, basename(path));
  try {
    await write(await openIn(directory, candidate), content, durably);
    await rename(candidate, path);
  } catch (error) {
    // On a disk that has just turned read-only, the candidate stays until the next publication.
    await rm(candidate, { force: true }).catch(() => undefined);
    throw error;
  }
  if (durably) await syncDirectory(directory);
  return 'written';
}

/**
 * Removes a file durably.
 * @throws Error that names the file and the system's reason
 */
export async function removeFile(path: string): Promise<void> {
  await withPathInError(path, async () => {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  });
}

/** Removes candidates that a killed process or a read-only disk left behind: all, or those for one file. */
export async function removeLeftCandidates(directory: string, file?: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const prefix = file === undefined ? candidatePrefix : `${candidatePrefix}-${file}-`;
  const left = names.filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true }).catch(() => undefined)));
}

async function isPublished(path: string, content: string): Promise<boolean> {
  try {
    const present = await readSmall(path, Buffer.byteLength(content));
    return present?.text === content && present.mode === fileMode;
  } catch (error) {
    // An unreadable file, a longer file, or another kind of entry: try to replace it.
    if (error instanceof FileRefused || (error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}

/** Opens a new file, and creates its directory if necessary. */
async function openIn(directory: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', fileMode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const created = await mkdir(directory, { recursive: true });
    // The umask reduces mkdir's mode, but not chmod's.
    if (created !== undefined) await chmod(directory, directoryMode);
    return open(path, 'wx', fileMode);
  }
}

async function write(file: FileHandle, content: string, durably: boolean): Promise<void> {
  try {
    await file.writeFile(content);
    await file.chmod(fileMode);
    if (durably) await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
