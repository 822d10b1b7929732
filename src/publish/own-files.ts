import { dirname } from 'node:path';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { publishFile } from './atomic-file.ts';
import type { InFolder } from './folder-time-limit.ts';
import { readSmallFile } from './read-small-file.ts';
import { messageOf } from '../util/error-message.ts';

/** What meet-gen keeps for its next life, in small files beside what it publishes. */
export interface OwnFiles {
  /** @returns undefined where there is none @throws Error that says what is there instead; it is a problem until that is gone */
  read(path: string): Promise<string | undefined>;
  /** Writes after what is being written there; what fails is a problem until it is written. */
  write(path: string, text: string): void;
  /** Tries again what failed. */
  retry(): void;
  problems(): readonly Problem[];
  /** Calls back when a problem has come or gone. */
  onChange(listener: () => void): void;
}

/** What is kept of one instance: no more than twenty refused files, with their words. */
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
    message: `what meet-gen keeps for its next start can't be read or written there: ${reason}`,
    cure: 'remove what is there instead, or make the folder writable; it is tried again at the next resync',
  });
}
