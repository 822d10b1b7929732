import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NotProvided } from './not-provided.ts';

/** The path of the first of these programs on the PATH. */
export function findProgram(names: readonly string[], path?: string): string | undefined {
  return findPrograms(names, path)[0];
}

/** The paths of all of these programs on the PATH: in the order of the names, then of the folders. */
export function findPrograms(names: readonly string[], path = process.env['PATH'] ?? ''): string[] {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).filter(isProgram);
}

/** @throws NotProvided with the Debian package, if the PATH doesn't have the program */
export function requireProgram(name: string, debianPackage: string): void {
  if (findProgram([name]) !== undefined) return;
  throw new NotProvided(`The program ${name} is not on the PATH, and the tests need it.`, `Install Debian's package ${debianPackage}.`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
