import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';

/**
 * Opening a FIFO doesn't wait for its writer, and links are not followed (open(2)). A system without these flags uses 0.
 */
const safeOpenFlags = (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** The path isn't a small regular file; the message names its kind and the cure. */
export class FileRefused extends Error {
  override name = 'FileRefused';
  readonly path: string;
  constructor(path: string, what: string) {
    super(`${path} is ${what}, and meet-gen reads and writes only small regular files there; remove it`);
    this.path = path;
  }
}

/** The text of a file, and its permission bits. */
export interface SmallFile {
  readonly text: string;
  readonly mode: number;
}

/**
 * Reads a file that others could replace by a link, a FIFO or a device: never waits, and never follows a link.
 * @returns undefined if the file doesn't exist
 * @throws FileRefused unless the path is a regular file of at most `maxBytes`; otherwise the system's error
 */
export async function readSmallFile(path: string, maxBytes: number): Promise<string | undefined> {
  return (await readSmall(path, maxBytes))?.text;
}

/** As `readSmallFile`, with the file's mode. */
export async function readSmall(path: string, maxBytes: number): Promise<SmallFile | undefined> {
  try {
    const { file, stats } = await openRegular(path, constants.O_RDONLY);
    try {
      return { text: (await readAtMost(file, stats.size, path, maxBytes)).toString('utf8'), mode: stats.mode & 0o777 };
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Opens a regular file; the caller closes it.
 * @throws FileRefused for any other kind of entry; otherwise the system's error
 */
export async function openRegular(path: string, flags: number): Promise<{ readonly file: FileHandle; readonly stats: Stats }> {
  const file = await open(path, flags | safeOpenFlags).catch(async (error: NodeJS.ErrnoException) => {
    // The system refuses a link, a socket, a directory and a device without a driver, each with another error.
    const found = await lstat(path).catch(() => undefined);
    throw found === undefined || found.isFile() ? error : new FileRefused(path, kindOf(found));
  });
  const stats = await file.stat();
  if (stats.isFile()) return { file, stats };
  await file.close();
  throw new FileRefused(path, kindOf(stats));
}

/** @param size the file's size when it was opened @throws FileRefused if the file is larger, or grows during the read */
export async function readAtMost(file: FileHandle, size: number, path: string, maxBytes: number): Promise<Buffer> {
  if (size > maxBytes) throw new FileRefused(path, `${size} bytes long, more than the limit of ${maxBytes}`);
  // One extra byte: a read that doesn't fill the buffer has found the end.
  const bytes = Buffer.alloc(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === size) return bytes.subarray(0, length);
    if (length === bytes.length) throw new FileRefused(path, 'growing while it is read');
  }
}

/** @throws FileRefused if the path exists and isn't a directory */
export async function refuseOtherThanDirectory(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) throw new FileRefused(path, `${kindOf(found)} where the folder of an instance belongs`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  if (stats.isFile()) return 'a file';
  return 'a device';
}
