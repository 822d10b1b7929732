import { spawn } from 'node:child_process';
import type { RunningContender } from './contender.ts';

const startLimitMs = 15_000;
const stopLimitMs = 5000;

/**
 * Starts a process, with PATH and `env` alone, and waits until its output matches.
 * @throws Error with the output if the process ends, or doesn't match in time
 */
export function startProcess(
  program: string,
  args: readonly string[],
  word: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningContender> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '', ...env } });
  let printed = '';
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await ended;
    clearTimeout(timer);
  };
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${program} ${args.join(' ')} ${why}: ${printed}`));
    const timer = setTimeout(() => void stop().then(() => fail('did not start in time')), startLimitMs);
    const onText = (text: string): void => {
      printed = (printed + text).slice(-10_000);
      if (!word.test(printed)) return;
      clearTimeout(timer);
      resolve({ pid: child.pid ?? 0, output: () => printed, stop });
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onText);
    child.on('error', (error) => fail(error.message));
    void ended.then(() => fail('ended'));
  });
}
