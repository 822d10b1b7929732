import { dirname } from 'node:path';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { publishFile } from './atomic-file.ts';
import type { InFolder } from './folder-time-limit.ts';
import { readSmallFile } from './read-small-file.ts';
import { messageOf } from '../util/error-message.ts';

/** meet-gen's own small files, stored for its next start beside the published files. */
export interface OwnFiles {
  /** @returns undefined without a file @throws Error; also reported as a problem until the file can be read */
  read(path: string): Promise<string | undefined>;
  /** Queues a write. A failure is reported as a problem until a write succeeds. */
  write(path: string, text: string): void;
  /** Retries what failed. */
  retry(): void;
  problems(): readonly Problem[];
  /** Calls the listener after each change of the problems. */
  onChange(listener: () => void): void;
}

/** One instance stores at most twenty refused files, with nginx's words. */
const maxKeptBytes = 16 * 2 ** 20;

export function createOwnFiles(inFolder: InFolder): OwnFiles {
  const listeners: (() => void)[] = [];
  const writing = new Map<string, Promise<void>>();
  const failed = new Map<string, { readonly reason: string; readonly text?: string }>();

  const note = (path: string, failure?: { readonly reason: string; readonly text?: string }): void => {
    const before = failed.get(path)?.reason;
    if (failure === undefined) failed.delete(path);
    else failed.set(path, failure);
    if (before !== failure?.reason) for (const listener of listeners) listener();
  };
  const read = async (path: string): Promise<string | undefined> => {
    try {
      const text = await inFolder(dirname(path), () => readSmallFile(path, maxKeptBytes));
      note(path);
      return text;
    } catch (error) {
      note(path, { reason: messageOf(error) });
      throw error;
    }
  };
  const write = (path: string, text: string): void => {
    const before = writing.get(path) ?? Promise.resolve();
    const done = before
      .then(() => inFolder(dirname(path), () => publishFile(path, text)))
      .then(
        () => note(path),
        (error: unknown) => note(path, { reason: messageOf(error), text }),
      )
      .finally(() => {
        if (writing.get(path) === done) writing.delete(path);
      });
    writing.set(path, done);
  };
  return {
    read,
    write,
    retry() {
      for (const [path, { text }] of failed) {
        if (writing.has(path)) continue;
        if (text === undefined) void read(path).catch(() => undefined);
        else write(path, text);
      }
    },
    onChange: (listener) => void listeners.push(listener),
    problems: () => [...failed].map(([path, { reason }]) => notKept(path, reason)),
  };
}

function notKept(path: string, reason: string): Problem {
  return problem('not-kept', {
    value: path,
    message: `meet-gen can't read or write a file that it keeps for its next start: ${reason}`,
    cure: 'remove that file, or make its folder writable; meet-gen tries again at the next resync',
  });
}
