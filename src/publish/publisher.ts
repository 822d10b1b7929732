import { dirname } from 'node:path';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { publishFile, removeFile, replaceFile } from './atomic-file.ts';
import type { WriteResult } from './atomic-file.ts';
import { overwriteFile } from './in-place.ts';
import { isMountPoint } from './mount-point.ts';
import { publishedPath } from './out-directory.ts';
import type { OutPlace } from './out-directory.ts';
import type { InFolder } from './folder-time-limit.ts';
import { readSmallFile } from './read-small-file.ts';

// In: the content of an instance's file, and meet-gen's own state to store.
// Out: files under `--out` that readers never see half-written, and the problems of those places.

/** Writes the file of each instance under `--out`, and reports the problems of those places. */
export interface Publisher {
  /** @throws Error with the reason and the cure */
  publish(slot: FileSlot, content: string): Promise<WriteResult>;
  /** Removes a refused file, so that no nginx starts with it, and restores an earlier file of the user. @throws Error */
  withdraw(slot: FileSlot): Promise<void>;
  fileOf(instance: string): string;
  problems(slots: readonly FileSlot[]): readonly Problem[];
}

/** The publisher's state of one instance. */
export interface FileSlot {
  readonly instance: string;
  file?: PublishedFile;
}

interface PublishedFile {
  readonly path: string;
  /** The content before meet-gen's first publication. */
  readonly found: string | undefined;
  readonly content?: string;
  readonly inPlace: boolean;
  /** Times at which meet-gen found a changed file. */
  readonly changedAtMs: readonly number[];
}

/** The content of a withdrawn file that can't be removed. */
const nothing = '# meet-gen has removed a configuration that nginx refuses, and knows no accepted one.\n';

/** The earlier file is held in memory. */
const maxFoundBytes = 4 * 2 ** 20;

/** A person changes a file once. Repeated changes come from a program. */
const contestedAfterChanges = 3;
const changeWindowMs = 15 * 60_000;

/** @param inFolder runs the file operations of an instance */
export function createPublisher(place: OutPlace, inFolder: InFolder, nowMs: () => number): Publisher {
  const fileOf = (instance: string): string => publishedPath(place, instance);
  // A mount lasts as long as its container, so one check is enough.
  const mustBeInPlace = async (path: string): Promise<boolean> =>
    (place.kind === 'file' && !place.replaceable) || (await isMountPoint(path));
  const publish = async (slot: FileSlot, content: string): Promise<WriteResult> => {
    const path = fileOf(slot.instance);
    // Saved before the write: a failed write must not hide the earlier content.
    const before = (slot.file ??= { path, found: await readFound(path), inPlace: await mustBeInPlace(path), changedAtMs: [] });
    const published = await (before.inPlace ? overwriteFile(path, content) : put(before, content));
    const wasChanged = published === 'written' && before.content === content;
    slot.file = { ...before, content, changedAtMs: wasChanged ? [...before.changedAtMs, nowMs()] : before.changedAtMs };
    return published;
  };
  return {
    fileOf,
    publish: (slot, content) => inFolder(dirname(fileOf(slot.instance)), () => publish(slot, content)),
    async withdraw({ file }) {
      if (file !== undefined) await inFolder(dirname(file.path), () => withdraw(file));
    },
    problems: (slots) =>
      slots.flatMap(({ instance, file }) =>
        file === undefined
          ? []
          : [
              ...(file.inPlace || place.kind === 'file' ? [singleFile(instance, file)] : []),
              ...(isContested(file, nowMs()) ? [contested(instance, file)] : []),
            ],
      ),
  };
}

async function withdraw({ path, found, inPlace }: PublishedFile): Promise<void> {
  if (inPlace) await overwriteFile(path, found ?? nothing);
  else if (found === undefined) await removeFile(path);
  else await publishFile(path, found);
}

/** Compares unchanged content with the file, which another program may have changed. New content is just written. */
function put({ path, content: last }: PublishedFile, content: string): Promise<WriteResult> {
  return last === undefined || last === content ? publishFile(path, content) : replaceFile(path, content);
}

/** Undefined for anything except a small file: meet-gen doesn't restore that. */
function readFound(path: string): Promise<string | undefined> {
  return readSmallFile(path, maxFoundBytes).catch(() => undefined);
}

function isContested({ changedAtMs }: PublishedFile, nowMs: number): boolean {
  return changedAtMs.filter((atMs) => nowMs - atMs < changeWindowMs).length >= contestedAfterChanges;
}

function singleFile(instance: string, { path, inPlace }: PublishedFile): Problem {
  return problem('single-file-out', {
    instance,
    value: path,
    message: inPlace
      ? 'the mount is a single file, so meet-gen overwrites it in place: an nginx that starts at that moment can read half a file'
      : 'meet-gen replaces the file at each change: a container that mounts only this file keeps the old content',
    cure: 'mount the directory instead, for example a named volume, in meet-gen and in the frontend, and the stub at /etc/nginx/conf.d/routing.conf (README, Install it)',
  });
}

function contested(instance: string, { path }: PublishedFile): Problem {
  return problem('output-contested', {
    instance,
    value: path,
    message: 'another program changes this file again and again, and meet-gen restores it each time',
    cure: 'find the program that writes there, perhaps a second meet-gen; stop it, or use another --out',
  });
}
