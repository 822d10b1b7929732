import { runCommand } from '../providers/run-command.ts';
import { makeOpenCopy } from '../support/command-files.ts';

// The projects of a run share a process, and its environment.
const variable = 'MEETGEN_TEST_BUILT';

/**
 * Builds the command once per run, before the first test that starts it.
 * @returns a function that removes the copy for tests that run the command as another user
 */
export async function setup(): Promise<() => void> {
  if (process.env[variable] !== undefined) return () => undefined;
  process.env[variable] = '1';
  await runCommand('npm', ['run', '--silent', 'build']);
  return process.getuid?.() === 0 ? makeOpenCopy() : () => undefined;
}
