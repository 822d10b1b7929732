import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** nginx's master is not root in the Meet image, so everybody must be able to read. */
const fileMode = 0o644;
const directoryMode = 0o755;
const candidatePrefix = '.candidate-';

/** What became of a publication; `unchanged` wrote nothing. */
export type Published = 'written' | 'unchanged';

/**
 * Puts content at a path so that no reader ever sees a torn or empty file, whatever dies when: a temporary file in the
 * same directory, its mode, fsync, rename, fsync of the directory. Writes nothing when the file is that already.
 * @throws Error that names the file and the system's reason
 */
export async function publishFile(path: string, content: string): Promise<Published> {
  try {
    return await publish(path, content);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(`${path} can't be written: ${code ?? message}`, { cause });
  }
}

async function publish(path: string, content: string): Promise<Published> {
  if (await isPublished(path, content)) return 'unchanged';
  const directory = dirname(path);
  await ensureDirectory(directory);
  const candidate = join(directory, `${candidatePrefix}${basename(path)}-${randomBytes(6).toString('hex')}`);
  try {
    await writeDurably(candidate, content);
    await rename(candidate, path);
  } catch (error) {
    await rm(candidate, { force: true });
    throw error;
  }
  await syncDirectory(directory);
  return 'written';
}

/** Removes candidates that a killed process left behind. */
export async function removeLeftCandidates(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const left = names.filter((name) => name.startsWith(candidatePrefix));
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true })));
}

async function isPublished(path: string, content: string): Promise<boolean> {
  try {
    const [present, stats] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return present === content && (stats.mode & 0o777) === fileMode;
  } catch (error) {
    // What is missing, or closed to us, is replaced by a file of our own.
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function ensureDirectory(directory: string): Promise<void> {
  const created = await mkdir(directory, { recursive: true });
  // mkdir's mode is cut by the umask, chmod's is not.
  if (created !== undefined) await chmod(directory, directoryMode);
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', fileMode);
  try {
    await file.writeFile(content);
    await file.chmod(fileMode);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
