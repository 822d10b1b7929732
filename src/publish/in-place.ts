import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { writeError } from './atomic-file.ts';
import type { WriteResult } from './atomic-file.ts';
import { openRegular, readAtMost } from './read-small-file.ts';

/** nginx may run as any user. */
const readableByAll = 0o444;
const fileMode = 0o644;
const blank = '\n';
/** The old content stays in memory, to restore it after a failed write. */
const maxHeldBytes = 64 * 2 ** 20;

/**
 * Overwrites a file that can't be replaced, with as few torn reads as possible:
 * 1. Append blank lines, which nginx accepts, up to the new length. A full disk fails here, before any loss.
 * 2. Write the content, padded with blank lines to the old length, in one write.
 * 3. Truncate to size. Truncating first would show readers an empty file.
 * @throws Error that names the file and the system's reason; the file then has its old content
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
    // Some file systems report a full disk only here.
    await file.sync();
  } catch (error) {
    await file.truncate(from);
    throw error;
  }
}

/** A single write, unless the system accepts fewer bytes at once. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
