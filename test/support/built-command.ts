import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { logMessages } from '../../src/util/log-messages.ts';
import type { LogMessageName } from '../../src/util/log-messages.ts';
import { builtCommand, openPrograms } from './command-files.ts';
import { waitUntil } from './wait-until.ts';

export interface CommandOptions {
  /** Besides PATH alone: nothing of the tests' own environment reaches the command. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** User and group to run as; only root may ask for another. */
  readonly uid?: number;
  readonly gid?: number;
  /** The words to start it with instead, on another network for example. */
  readonly wrap?: (program: string, args: readonly string[]) => readonly string[];
}

export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One JSON line of the log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The command, running as a process of its own. */
export interface RunningCommand {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** The log so far, without what isn't JSON. */
  log(): readonly LogLine[];
  /** The log lines with this message so far. */
  logged(name: LogMessageName): readonly LogLine[];
  /** Waits for the `count`-th line with this message. */
  waitForLog(name: LogMessageName, count?: number): Promise<LogLine>;
  hasEnded(): boolean;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<CommandEnd>;
  /** SIGTERM, and after a while SIGKILL; always leaves no process behind. */
  stop(): Promise<CommandEnd>;
}

const killAfterMs = 5000;

/** Starts the built command with an environment that holds nothing but PATH and what is given. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  if (!existsSync(builtCommand)) throw new Error(`${builtCommand} is missing; build it first: npm run build`);
  const wrap = options.wrap ?? ((program, words) => [program, ...words]);
  const { node, command: file } = options.uid === undefined ? { node: process.execPath, command: builtCommand } : openPrograms();
  const [program = '', ...words] = wrap(node, [file, ...args]);
  const child = spawn(program, words, {
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  let stdout = '';
  let stderr = '';
  let isOver = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      isOver = true;
      resolve({ code, signal, stdout, stderr });
    });
  });
  const log = (): readonly LogLine[] => stderr.split('\n').flatMap(parseLogLine);
  const command: RunningCommand = {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    log,
    logged: (name) => log().filter((line) => line.msg === logMessages[name].message),
    waitForLog: (name, count = 1) =>
      waitUntil(
        `the log has ${name} ${count} times`,
        () => {
          const found = command.logged(name)[count - 1];
          if (found === undefined && isOver) throw new Error(`the command ended before it logged ${name}:\n${stderr}`);
          return found;
        },
        undefined,
        () => stderr,
      ),
    hasEnded: () => isOver,
    signal: (signal) => void child.kill(signal),
    ended,
    async stop() {
      if (isOver) return ended;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
  };
  return command;
}

/** Runs the built command to its end; one that doesn't end by itself is killed, which shows as a signal. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const command = startCommand(args, options);
  const timer = setTimeout(() => command.signal('SIGKILL'), 20_000);
  try {
    return await command.ended;
  } finally {
    clearTimeout(timer);
  }
}

function parseLogLine(line: string): readonly LogLine[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'msg' in value ? [value as LogLine] : [];
  } catch {
    return [];
  }
}
