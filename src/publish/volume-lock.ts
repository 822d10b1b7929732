import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { longestSocketPath } from './out-directory.ts';

/** Held while this process publishes into a directory; a second process is refused. */
export interface VolumeLock {
  /** Set while the lock isn't held. */
  problems(): readonly Problem[];
  /** Calls the listener after each change of the problems. */
  onChange(listener: () => void): void;
  release(): Promise<void>;
}

/** Each check costs processor time, even while meet-gen is idle. */
const checkMs = 5000;
const answerMs = 1000;
/** Any user who sees the directory may learn that a meet-gen publishes there. */
const lockMode = 0o666;

/**
 * Locks a directory with a unix socket in it: the kernel releases the socket however the process ends. Frontends see the
 * socket through their mount, and root there can connect, so the socket accepts, closes, and never answers.
 * If the lock can't be made, that is a problem, and meet-gen retries every five seconds.
 * @throws Error if another process holds the lock
 */
export async function lockVolume(path: string, boundary: Pick<ErrorBoundary, 'attempt'>): Promise<VolumeLock> {
  let held: { readonly server: Server; readonly identity: string } | undefined;
  let reason: string | undefined;
  const listeners: (() => void)[] = [];
  const take = async (): Promise<void> => {
    try {
      held = await listenOn(path);
      reason = undefined;
    } catch (error) {
      if (error instanceof HeldByAnother) throw error;
      reason = (error as Error).message;
    }
  };
  const check = async (): Promise<void> => {
    if (held !== undefined && (await identityOf(path)) === held.identity) return;
    held?.server.close();
    held = undefined;
    if (await isHeld(path)) {
      reason = 'another process has taken the lock';
      return;
    }
    await take().catch((error: unknown) => (reason = (error as Error).message));
  };
  await take();
  let checking: Promise<unknown> = Promise.resolve();
  const checkAndNotify = async (): Promise<void> => {
    const before = reason;
    await check();
    if (reason !== before) for (const listener of listeners) listener();
  };
  const timer = setInterval(
    () => void (checking = checking.then(() => boundary.attempt('the lock of the output directory', checkAndNotify))),
    checkMs,
  );
  return {
    problems: () => (reason === undefined ? [] : [notLocked(path, reason)]),
    onChange: (listener) => void listeners.push(listener),
    async release() {
      clearInterval(timer);
      await checking;
      if (held === undefined) return;
      if ((await identityOf(path)) === held.identity) await rm(path, { force: true });
      held.server.close();
    },
  };
}

class HeldByAnother extends Error {}

async function listenOn(path: string): Promise<{ server: Server; identity: string }> {
  // Closing a server removes the name of its creation, even if another process has that name by then. So the socket is
  // created under a random name, and the lock is a hard link to it.
  const made = join(dirname(path), `.lock-${randomBytes(3).toString('hex')}`);
  if (Buffer.byteLength(made) > longestSocketPath) throw new Error(`the path is longer than ${longestSocketPath} bytes`);
  const server = await listen(made);
  try {
    await chmod(made, lockMode);
    // A socket file remains after its process was killed.
    if (!(await name(made, path)) && ((await isHeld(path)) || !(await rm(path, { force: true }).then(() => name(made, path)))))
      throw new HeldByAnother(
        `another meet-gen is publishing into this directory already (it holds ${path}); stop that meet-gen, or start this one with another --out`,
      );
    return { server, identity: (await identityOf(path)) ?? '' };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(made, { force: true });
  }
}

function listen(path: string): Promise<Server> {
  const server = createServer((connection) => connection.on('error', () => undefined).destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => resolve(server));
  });
}

/** @returns whether the name was free */
async function name(made: string, path: string): Promise<boolean> {
  try {
    await link(made, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A symbolic link never counts as a lock. */
async function isHeld(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isSocket() === true && answers(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect({ path });
    const end = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(answerMs, () => end(true));
    connection.once('connect', () => end(true));
    // A full backlog belongs to a running process.
    connection.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'EAGAIN'));
  });
}

/** The file system reuses inode numbers quickly, so the birth time is part of the identity. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.ino} ${found.birthtimeNs}`;
}

function notLocked(path: string, reason: string): Problem {
  return problem('not-locked', {
    value: path,
    message: `a second meet-gen could publish into the same directory, since this directory can't be locked: ${reason}`,
    cure: 'remove the file at that path; if the file system supports no sockets, make sure yourself that only one meet-gen publishes there',
  });
}
