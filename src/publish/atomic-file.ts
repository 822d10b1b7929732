import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileRefused, readSmall } from './read-small-file.ts';

/** nginx's master is not root in the Meet image, so everybody must be able to read. */
const fileMode = 0o644;
const directoryMode = 0o755;
const candidatePrefix = '.candidate';

/** What became of a publication; `unchanged` wrote nothing. */
export type WriteResult = 'written' | 'unchanged';

/**
 * Puts content at a path so that no reader ever sees a torn or empty file, whatever dies when: a temporary file in the
 * same directory, its mode, fsync, rename, fsync of the directory. Writes nothing when the file is that already.
 * @throws Error that names the file and the system's reason, with the system's error as its cause
 */
export async function publishFile(path: string, content: string): Promise<WriteResult> {
  return withPathInError(path, async () => ((await isPublished(path, content)) ? 'unchanged' : replace(path, content, true)));
}

/** As `publishFile`, for content that is known to be new: the file isn't read before. */
export async function replaceFile(path: string, content: string): Promise<WriteResult> {
  return withPathInError(path, () => replace(path, content, true));
}

/**
 * Puts content at a path for a moment: never torn, but not kept from a power failure either, since a slow disk would only delay
 * whoever is to read it.
 * @returns how to take it away
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

/** What the system said, in words where they are known, and what to do about it. */
export function writeError(path: string, cause: unknown): Error {
  if (cause instanceof FileRefused) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : reasons[code];
  return new Error(`${path} can't be written: ${words === undefined ? (code ?? message) : `${words} (${code ?? ''})`}`, { cause });
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on its file system; make room there',
  EDQUOT: "the user's quota of its file system is used up; make room there, or raise the quota",
  EROFS: 'its file system is mounted read-only; mount it writable for meet-gen, or see in the system log whether the disk has failed',
  EACCES: 'this user may not write there; make it the owner of the directory',
  EPERM: 'this user may not write there, or change the mode; make it the owner',
  EIO: 'the disk reports an error; see the system log',
  EISDIR: 'a directory is in its place; remove it',
  ENOTEMPTY: 'a directory is in its place; remove it',
  ENOTDIR: 'what is to be its folder is no directory; remove that',
};

async function replace(path: string, content: string, durably: boolean): Promise<'written'> {
  const directory = dirname(path);
  const candidate = join(directory, `${candidatePrefix}-${basename(path)}-${randomBytes(6).toString('hex')}`);
  await removeLeftCandidates(directory, basename(path));
  try {
    await write(await openIn(directory, candidate), content, durably);
    await rename(candidate, path);
  } catch (error) {
    // A disk that has just turned read-only keeps it until the next publication.
    await rm(candidate, { force: true }).catch(() => undefined);
    throw error;
  }
  if (durably) await syncDirectory(directory);
  return 'written';
}

/**
 * Takes a file away, for good.
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
    // What is closed to us, or is no file or a longer one, is replaced by a file of our own where that can be.
    if (error instanceof FileRefused || (error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}

/** Opens a new file in a directory, which is made when it isn't there. */
async function openIn(directory: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', fileMode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const created = await mkdir(directory, { recursive: true });
    // mkdir's mode is cut by the umask, chmod's is not.
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
