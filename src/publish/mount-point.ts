import { readFile, realpath } from 'node:fs/promises';

const mountTable = '/proc/self/mountinfo';

/**
 * Whether this exact path is a mount, for example a single file that compose binds into a container. A rename onto such
 * a file fails (EBUSY). False on systems without this table.
 */
export async function isMountPoint(path: string): Promise<boolean> {
  const [table, real] = await Promise.all([readFile(mountTable, 'utf8').catch(() => ''), realpath(path).catch(() => undefined)]);
  return real !== undefined && mountPoints(table).has(real);
}

/** The fifth field of each line, with blanks and other special characters in octal (proc(5), mountinfo). */
export function mountPoints(table: string): ReadonlySet<string> {
  const fields = table.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  return new Set(
    fields.map((field) => field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)))),
  );
}
