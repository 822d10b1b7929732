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

/** Puts the file of each instance where it belongs, and knows what is wrong with those places. */
export interface Publisher {
  /** @throws Error that says why it can't be written */
  publish(slot: FileSlot, content: string): Promise<WriteResult>;
  /** Takes a file back that no nginx may start with: what was there before it, or nothing. @throws Error that says why it can't */
  withdraw(slot: FileSlot): Promise<void>;
  fileOf(instance: string): string;
  problems(slots: readonly FileSlot[]): readonly Problem[];
}

/** Where the publisher keeps what it knows of an instance's file. */
export interface FileSlot {
  readonly instance: string;
  file?: PublishedFile;
}

interface PublishedFile {
  readonly path: string;
  /** What was there before we published. */
  readonly found: string | undefined;
  readonly content?: string;
  readonly inPlace: boolean;
  /** When it was found other than it had been published. */
  readonly changedAtMs: readonly number[];
}

/** What stands in a file that can't be taken away. */
const nothing = '# meet-gen has taken back what nginx refuses, and has nothing better.\n';

/** It is held in memory. */
const maxFoundBytes = 4 * 2 ** 20;

/** A person changes a file once; somebody who does it again and again is a program. */
const contestedAfterChanges = 3;
const changeWindowMs = 15 * 60_000;

/** @param inFolder does the work of an instance in the folder of its file */
export function createPublisher(place: OutPlace, inFolder: InFolder, nowMs: () => number): Publisher {
  const fileOf = (instance: string): string => publishedPath(place, instance);
  // A mount comes and goes with the container that it is made for, so one look is enough.
  const mustBeInPlace = async (path: string): Promise<boolean> =>
    (place.kind === 'file' && !place.replaceable) || (await isMountPoint(path));
  const publish = async (slot: FileSlot, content: string): Promise<WriteResult> => {
    const path = fileOf(slot.instance);
    // Kept before it is written: a write that fails half-way must not hide what was there.
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

/** What was published last is looked at, since somebody may have changed it; anything else is new. */
function put({ path, content: last }: PublishedFile, content: string): Promise<WriteResult> {
  return last === undefined || last === content ? publishFile(path, content) : replaceFile(path, content);
}

/** What is no small file isn't worth going back to. */
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
      ? 'the file is mounted by itself, so it is written over in place: an nginx that starts in that very moment can read half of it'
      : 'the file is replaced by a new one at each change: a container that mounts this file by itself goes on seeing the old one',
    cure: 'mount the directory instead, for example a named volume, in meet-gen and in the frontend, and the stub at /etc/nginx/conf.d/routing.conf (README, Install it)',
  });
}

function contested(instance: string, { path }: PublishedFile): Problem {
  return problem('output-contested', {
    instance,
    value: path,
    message: 'somebody else writes this file again and again, and meet-gen writes it back each time',
    cure: 'see whether another meet-gen, or another program, publishes there; stop it, or give one of the two another --out',
  });
}
