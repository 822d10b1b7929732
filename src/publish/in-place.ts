import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { writeError } from './atomic-file.ts';
import type { WriteResult } from './atomic-file.ts';
import { openRegular, readAtMost } from './read-small-file.ts';

/** What nginx's user needs of the file's mode. */
const readableByAll = 0o444;
const fileMode = 0o644;
const blank = '\n';
/** What was there is held in memory while it is written over. */
const maxHeldBytes = 64 * 2 ** 20;

/**
 * Writes a file over that can't be replaced, so that a reader finds it torn as rarely as can be: first it is made long enough
 * with blank lines, which nginx takes, so that a full disk is met before anything is lost; then the whole content, with blank
 * lines up to the old length, goes over the old one in one write; then it is cut to size. Never cut first.
 * @throws Error that names the file and the system's reason; the old content is then still there
 */
export async function overwriteFile(path: string, content: string): Promise<WriteResult> {
  try {
    const { file, stats } = await openRegular(path, constants.O_RDWR);
    try {
      return await overwrite(file, await readAtMost(file, stats.size, path, maxHeldBytes), Buffer.from(content));
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}

async function overwrite(file: FileHandle, before: Buffer, content: Buffer): Promise<WriteResult> {
  const isRight = before.equals(content);
  const mode = (await file.stat()).mode & 0o777;
  const isReadable = (mode & readableByAll) === readableByAll;
  if (isRight && isReadable) return 'unchanged';
  if (!isReadable) await file.chmod(fileMode);
  if (isRight) return 'written';
  const length = Math.max(before.length, content.length);
  await lengthen(file, before.length, length);
  try {
    await writeAll(file, Buffer.concat([content, Buffer.alloc(length - content.length, blank)]), 0);
    await file.truncate(content.length);
  } catch (error) {
    await writeAll(file, before, 0);
    await file.truncate(before.length);
    throw error;
  }
  await file.sync();
  return 'written';
}

async function lengthen(file: FileHandle, from: number, to: number): Promise<void> {
  try {
    await writeAll(file, Buffer.alloc(to - from, blank), from);
    // A file system may find only now that there is no room.
    await file.sync();
  } catch (error) {
    await file.truncate(from);
    throw error;
  }
}

/** One write, unless the system takes less at a time. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
