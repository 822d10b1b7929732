import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly env?: Record<string, string | undefined>;
  readonly cwd?: string;
  /** Bytes or text for standard input. By default, standard input is empty. */
  readonly stdin?: string | Uint8Array;
  /** The command is killed after this time. Default: 10 minutes. */
  readonly timeoutMs?: number;
  /** Called with each line of standard output and standard error. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const defaultTimeoutMs = 600_000;

/** A command exited with a code other than 0, was killed, or could not be started. */
class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(message: string, result: CommandResult) {
    super(message);
    this.result = result;
  }
}

/** Runs a command without a shell and waits for its end. Never throws for its exit code. */
export function tryCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const stdout = collect(child.stdout, options.onLine);
    const stderr = collect(child.stderr, options.onLine);
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: 127, stdout: '', stderr: error.message });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      const note = timedOut ? `\n(killed: no end within ${timeoutMs} ms)` : '';
      resolve({ code: code ?? 137, stdout: stdout(), stderr: stderr() + note });
    });
    // A command may end before it has read all input. Its exit code counts, not EPIPE.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.stdin);
  });
}

/** Runs a command and returns its standard output. Throws {@link CommandError} with its standard error. */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryCommand(command, args, options);
  if (result.code === 0) return result.stdout;
  const shown = [command, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)));
  const words = (result.stderr.trim() || result.stdout.trim()).slice(-4_000);
  throw new CommandError(`\`${shown.join(' ')}\` ended with code ${result.code}: ${words}`, result);
}

function collect(stream: NodeJS.ReadableStream | null, onLine: ((line: string) => void) | undefined): () => string {
  const chunks: Buffer[] = [];
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (onLine === undefined) return;
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
