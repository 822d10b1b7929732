import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { sharedPlaces, usersFolder } from './places.ts';
import { runId } from './test-run.ts';

// Concurrent runs share one engine. Who starts or stops it holds a lock (flock(1): the kernel lets it
// go when the holder dies, however), and each user leaves a file naming its process: the last one
// whose process is still alive stops the engine. A dead user's file counts for nothing.

/** Runs `work` while no other process starts or stops the engine. */
export function withEngineLock<T>(work: () => Promise<T>): Promise<T> {
  return withLock(sharedPlaces.lock, work);
}

/** Runs `work` while no other process holds the lock of this file. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const release = await takeLock(file);
  try {
    return await work();
  } finally {
    release();
  }
}

const patienceSeconds = 900;

/** Waits until no other process holds the lock of this file; returns what lets it go. */
export function takeLock(file: string, waitSeconds = patienceSeconds): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const holder = spawn('flock', ['--wait', String(waitSeconds), file, 'sh', '-c', 'echo held; cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    holder.on('error', (cause) => reject(new Error('flock(1), of util-linux, is needed to start an engine', { cause })));
    holder.on('exit', (code) => {
      reject(
        new Error(
          `The lock ${file} was not free within ${waitSeconds} seconds (flock ended with ${code}). Another run may hang: \`fuser ${file}\` names it.`,
        ),
      );
    });
    holder.stdout.once('data', () => resolve(() => holder.stdin.end()));
  });
}

/** Notes a user of the engine: this process, or (`kept`) nobody in particular until `forgetUser('kept')`. */
export function noteUser(kept: boolean): string {
  mkdirSync(usersFolder, { recursive: true });
  const name = kept ? 'kept' : `${process.pid}.${startTime(process.pid) ?? 0}.${runId}.${randomUUID()}`;
  writeFileSync(join(usersFolder, name), '');
  return name;
}

export function forgetUser(name: string): void {
  rmSync(join(usersFolder, name), { force: true });
}

/** The users whose processes still live; files of dead ones are removed. */
export function liveUsers(): string[] {
  return userFiles().filter((name) => {
    const [pid, time] = name.split('.');
    if (name === 'kept' || startTime(Number(pid)) === time) return true;
    forgetUser(name);
    return false;
  });
}

function userFiles(): string[] {
  try {
    return readdirSync(usersFolder);
  } catch {
    return [];
  }
}

/** When a process started, in kernel ticks: with the pid it names a process for good. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
