import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { readBeginning, readLimited, TooLong } from '../docker/limited-read.ts';
import { ComposeError } from './compose-error.ts';
import { pasteLine } from './paste-line.ts';

/** What Compose wrote: the project on standard output, its warnings on standard error. */
export interface ComposeOutput {
  readonly project: Buffer;
  readonly warnings: string;
}

/** More than a project has; what is longer is not read. */
export const maxProjectBytes = 16 * 2 ** 20;
/** Of what it writes on standard error. */
const maxWordsBytes = 64 * 2 ** 10;
/** Of its reason for a refusal. */
const mostReasonLines = 20;

/**
 * Has the Compose of this machine resolve a project.
 * @param file without one Compose chooses, as it does for `up`
 * @throws ComposeError with Compose's own words, or with what to paste where there is no Compose
 */
export async function runCompose(file: string | undefined, limitMs: number, signal: AbortSignal): Promise<ComposeOutput> {
  // An absolute path is neither an option nor an address to fetch from.
  const chosen = file === undefined ? [] : ['-f', resolve(file)];
  const { code, stdout, stderr } = await runDocker(['compose', ...chosen, 'config', '--format', 'json'], file, limitMs, signal);
  if (code === 0) return { project: stdout, warnings: stderr };
  const version = await runDocker(['compose', 'version'], file, limitMs, signal);
  if (version.code !== 0)
    throw new ComposeError(`docker has no compose here, so meet-gen can't ask it; paste where it has: ${pasteLine(file)}`);
  const words = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('level=warning'));
  throw new ComposeError(`docker compose config: ${words.slice(0, mostReasonLines).join('; ') || `it ended with ${code}`}`);
}

interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** In a process group of its own: docker's plugins outlive docker where that is killed alone. */
async function runDocker(args: readonly string[], file: string | undefined, limitMs: number, signal: AbortSignal): Promise<Ended> {
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const limit = AbortSignal.timeout(limitMs);
  const stop = (): void => killGroup(child.pid);
  const release = endWithUs(stop);
  const ends = AbortSignal.any([signal, limit]);
  ends.addEventListener('abort', stop);
  try {
    await once(child, 'spawn');
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      readLimited(child.stdout, maxProjectBytes),
      readBeginning(child.stderr, maxWordsBytes, maxProjectBytes),
    ]);
    if (signal.aborted) throw new ComposeError('docker compose was interrupted');
    if (limit.aborted) throw new ComposeError(`docker compose took longer than ${limitMs / 1000} s, and was ended`);
    return { code, stdout, stderr: stderr.toString('utf8') };
  } catch (cause) {
    stop();
    throw explain(cause as NodeJS.ErrnoException, file);
  } finally {
    ends.removeEventListener('abort', stop);
    release();
  }
}

function explain(cause: NodeJS.ErrnoException, file: string | undefined): ComposeError {
  if (cause instanceof ComposeError) return cause;
  if (cause instanceof TooLong) return new ComposeError(`what docker compose writes can't be read: ${cause.message}`, { cause });
  const reason = cause.code === 'ENOENT' ? 'there is no docker on the PATH here' : `docker can't be started here (${cause.message})`;
  return new ComposeError(`${reason}, so meet-gen can't ask Compose; paste where it is: ${pasteLine(file)}`, { cause });
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A terminal's Ctrl-C doesn't reach another process group. @returns what takes the listeners off again */
function endWithUs(stop: () => void): () => void {
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
