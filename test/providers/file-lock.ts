import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { NotProvided } from './not-provided.ts';

// flock(1) holds the lock: the kernel releases it when the holder ends, also after a crash.

const defaultWaitSeconds = 900;

/**
 * Runs `work` while no other process holds the lock of this file. Only Linux has flock(1); elsewhere `work` runs
 * without a lock.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  if (process.platform !== 'linux') return work();
  const release = await takeLock(file);
  try {
    return await work();
  } finally {
    release();
  }
}

/** Waits until no other process holds the lock of this file; returns a function that releases it. */
export function takeLock(file: string, waitSeconds = defaultWaitSeconds): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const holder = spawn('flock', ['--wait', String(waitSeconds), file, 'sh', '-c', 'echo held; cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    holder.on('error', (cause) =>
      reject(new NotProvided('The program flock is missing, which the tests need to lock files.', 'Install util-linux.', { cause })),
    );
    holder.on('exit', (code) => {
      reject(
        new NotProvided(
          `The lock ${file} was not free within ${waitSeconds} seconds (flock exited with ${code}).`,
          `Another run may have stopped responding: \`fuser ${file}\` shows its process id.`,
        ),
      );
    });
    holder.stdout.once('data', () => resolve(() => holder.stdin.end()));
  });
}
