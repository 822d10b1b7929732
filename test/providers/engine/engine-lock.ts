import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { withLock } from '../file-lock.ts';
import { sharedPlaces, usersFolder } from './places.ts';
import { runId } from './test-run.ts';

// Concurrent runs share one engine. A process that starts or stops it holds a lock. Each user has a file with its
// process id. The last user whose process is alive stops the engine.

/** Runs `work` while no other process starts or stops the engine. */
export function withEngineLock<T>(work: () => Promise<T>): Promise<T> {
  return withLock(sharedPlaces.lock, work);
}

/** Adds a user of the engine: this process, or with `kept` a user without a process, until `forgetUser('kept')`. */
export function noteUser(kept: boolean): string {
  mkdirSync(usersFolder, { recursive: true });
  const name = kept ? 'kept' : `${process.pid}.${startTime(process.pid) ?? 0}.${runId}.${randomUUID()}`;
  writeFileSync(join(usersFolder, name), '');
  return name;
}

export function forgetUser(name: string): void {
  rmSync(join(usersFolder, name), { force: true });
}

/** The users whose processes are alive. Files of dead processes are removed. */
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

/** A process's start time in kernel ticks. Together with the pid it identifies the process uniquely. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
