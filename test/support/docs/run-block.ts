import { tryCommand, type CommandResult } from '../../providers/run-command.ts';
import { documentedBlock } from './pages.ts';

/** A user's place: a folder, an environment, and names that differ from the documentation. */
export interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  rename(text: string): string;
}

/** Runs a block's commands in sequence until one fails. @returns the end of the last command */
export async function tryBlock(place: Place, page: string, name: string): Promise<CommandResult> {
  return tryCommand('sh', ['-ec', place.rename(documentedBlock(page, name))], {
    cwd: place.folder,
    env: { ...place.env },
    timeoutMs: 150_000,
  });
}

/**
 * Runs a block's commands.
 * @returns the output of the commands
 * @throws Error when one fails
 */
export async function runBlock(place: Place, page: string, name: string): Promise<string> {
  const { code, stdout, stderr } = await tryBlock(place, page, name);
  if (code !== 0) throw new Error(`${page}, "${name}" ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}
