import { existsSync, readFileSync } from 'node:fs';
import { findProgram } from '../find-program.ts';

interface OsRelease {
  readonly id: string;
  readonly codename: string;
}

/** The distribution, from /etc/os-release. */
export function readOsRelease(): OsRelease {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: value('ID'), codename: value('VERSION_CODENAME') };
}

/** Why packages can't be unpacked here; undefined if they can. */
export function unpackObstacle(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`;
  if (process.getuid?.() !== 0) return 'this user is not root';
  const { id } = readOsRelease();
  if (id !== 'debian') return `this Linux is "${id}", not Debian`;
  const missing = ['apt-get', 'dpkg', 'flock'].find((program) => findProgram([program]) === undefined);
  return missing === undefined ? undefined : `${missing} is missing`;
}
