import { runCommand } from '../providers/run-command.ts';

// Projects of one run share their process, and so its environment.
const variable = 'MEETGEN_TEST_BUILT';

/** Builds the command, once in a run, before the first test that starts it. */
export async function setup(): Promise<void> {
  if (process.env[variable] !== undefined) return;
  process.env[variable] = '1';
  await runCommand('npm', ['run', '--silent', 'build']);
}
