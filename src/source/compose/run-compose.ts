import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { readBeginning, readLimited, TooLongError } from '../docker/limited-read.ts';
import { ComposeError } from './compose-error.ts';
import { pasteLine } from './paste-line.ts';

/** Compose's output: the project from standard output, warnings from standard error. */
export interface ComposeOutput {
  readonly project: Buffer;
  readonly warnings: string;
}

/** More than any project needs. */
export const maxProjectBytes = 16 * 2 ** 20;
/** Kept of standard error. */
const maxErrorBytes = 64 * 2 ** 10;
/** Kept of the reason for a failure. */
const maxReasonLines = 20;

/**
 * Runs this machine's Compose to resolve a project.
 * @param file if undefined, Compose picks the file as `up` does
 * @throws ComposeError with Compose's own error, or, without Compose, with the line to paste
 */
export async function runCompose(file: string | undefined, limitMs: number, signal: AbortSignal): Promise<ComposeOutput> {
  // Compose can't read an absolute path as an option or as an address to fetch from.
  const chosen = file === undefined ? [] : ['-f', resolve(file)];
  const { code, stdout, stderr } = await runDocker(['compose', ...chosen, 'config', '--format', 'json'], file, limitMs, signal);
  if (code === 0) return { project: stdout, warnings: stderr };
  const version = await runDocker(['compose', 'version'], file, limitMs, signal);
  if (version.code !== 0)
    throw new ComposeError(`docker has no compose plugin here; paste this on a machine that has one: ${pasteLine(file)}`);
  const reasons = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('level=warning'));
  throw new ComposeError(`docker compose config: ${reasons.slice(0, maxReasonLines).join('; ') || `it exited with ${code}`}`);
}

interface Ended {
  /** Null if a signal ended the command. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs docker in its own process group, since docker's plugins survive if only docker is killed. */
async function runDocker(args: readonly string[], file: string | undefined, limitMs: number, signal: AbortSignal): Promise<Ended> {
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const limit = AbortSignal.timeout(limitMs);
  const stop = (): void => killGroup(child.pid);
  const release = stopOnSignal(stop);
  const ends = AbortSignal.any([signal, limit]);
  ends.addEventListener('abort', stop);
  try {
    await once(child, 'spawn');
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      readLimited(child.stdout, maxProjectBytes),
      readBeginning(child.stderr, maxErrorBytes, maxProjectBytes),
    ]);
    if (signal.aborted) throw new ComposeError('docker compose was interrupted');
    if (limit.aborted) throw new ComposeError(`docker compose took longer than ${limitMs / 1000} s and was killed`);
    return { code, stdout, stderr: stderr.toString('utf8') };
  } catch (cause) {
    stop();
    throw explainFailure(cause as NodeJS.ErrnoException, file);
  } finally {
    ends.removeEventListener('abort', stop);
    release();
  }
}

function explainFailure(cause: NodeJS.ErrnoException, file: string | undefined): ComposeError {
  if (cause instanceof ComposeError) return cause;
  if (cause instanceof TooLongError) return new ComposeError(`the output of docker compose can't be read: ${cause.message}`, { cause });
  const reason =
    cause.code === 'ENOENT' ? 'there is no docker command on the PATH' : `the docker command can't be started (${cause.message})`;
  return new ComposeError(`${reason}; paste this on a machine that has Compose: ${pasteLine(file)}`, { cause });
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // The process has ended already.
  }
}

/**
 * Stops the command when meet-gen is stopped: Ctrl-C doesn't reach another process group.
 * @returns removes the listeners
 */
function stopOnSignal(stop: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const end = (signal: NodeJS.Signals): void => {
    stop();
    release();
    process.kill(process.pid, signal);
  };
  const release = (): void => signals.forEach((signal) => process.off(signal, end));
  for (const signal of signals) process.on(signal, end);
  return release;
}
