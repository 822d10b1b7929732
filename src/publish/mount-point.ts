import { readFile, realpath } from 'node:fs/promises';

const mountTable = '/proc/self/mountinfo';

/**
 * Whether something is mounted at exactly this path, as a single file is that compose binds into a container: nothing can be
 * renamed onto it (EBUSY). Where the system has no such table, nothing is.
 */
export async function isMountPoint(path: string): Promise<boolean> {
  const [table, real] = await Promise.all([readFile(mountTable, 'utf8').catch(() => ''), realpath(path).catch(() => undefined)]);
  return real !== undefined && mountPoints(table).has(real);
}

/** The fifth field of each line, blanks and the like written in octal (proc(5), mountinfo). */
export function mountPoints(table: string): ReadonlySet<string> {
  const fields = table.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  return new Set(
    fields.map((field) => field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)))),
  );
}
