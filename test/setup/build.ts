import { runCommand } from '../providers/run-command.ts';
import { makeOpenCopy } from '../support/command-files.ts';

// Projects of one run share their process, and so its environment.
const variable = 'MEETGEN_TEST_BUILT';

/**
 * Builds the command, once in a run, before the first test that starts it.
 * @returns what removes the copy that tests as root start as another user
 */
export async function setup(): Promise<() => void> {
  if (process.env[variable] !== undefined) return () => undefined;
  process.env[variable] = '1';
  await runCommand('npm', ['run', '--silent', 'build']);
  return process.getuid?.() === 0 ? makeOpenCopy() : () => undefined;
}
