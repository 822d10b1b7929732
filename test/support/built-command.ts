import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { logMessages } from '../../src/util/log-messages.ts';
import type { LogMessageName } from '../../src/util/log-messages.ts';
import { builtCommand, openPrograms } from './command-files.ts';
import { waitUntil } from './wait-until.ts';

export interface CommandOptions {
  /** Added to PATH: the command gets no other variables of the tests' environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** The user and group of the process. Only root may choose another user. */
  readonly uid?: number;
  readonly gid?: number;
  /** Changes the program and its arguments, for example to run on another network. */
  readonly wrap?: (program: string, args: readonly string[]) => readonly string[];
}

export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of the log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The command as a running process. */
export interface RunningCommand {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** The JSON lines of the log so far. */
  log(): readonly LogLine[];
  /** The log lines with this message so far. */
  logged(name: LogMessageName): readonly LogLine[];
  /** Waits for the `count`-th line with this message. */
  waitForLog(name: LogMessageName, count?: number): Promise<LogLine>;
  hasEnded(): boolean;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<CommandEnd>;
  /** Sends SIGTERM, after 5 seconds SIGKILL, and waits for the end of the process. */
  stop(): Promise<CommandEnd>;
}

const killAfterMs = 5000;

/** Starts the built command. Its environment has PATH and the given variables only. */
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

/** Runs the built command to its end. After 20 seconds it is killed, which shows as a signal. */
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
