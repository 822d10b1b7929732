import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EnginePlaces } from './places.ts';

// dockerd --userns-remap needs a user in /etc/passwd with ids in /etc/subuid and /etc/subgid, and a data folder that
// this user can reach. Both exist only for dockerd, in a separate mount namespace, so that the machine's files stay
// unchanged.

const user = 'meetgen-remapped';
const idCount = 65_536;

/** The path of dockerd's data for dockerd itself. */
export function dataRootInside(places: EnginePlaces, dataRoot: string): string {
  return places.rootInContainers === undefined ? dataRoot : join(places.state, 'data');
}

export function remapArguments({ rootInContainers }: EnginePlaces): string[] {
  return rootInContainers === undefined ? [] : [`--userns-remap=${user}`];
}

/** The command line that starts a program where that user exists; unchanged for an engine that doesn't remap users. */
export function withUsersToRemap(places: EnginePlaces, dataRoot: string, command: readonly string[]): string[] {
  const first = places.rootInContainers;
  if (first === undefined) return [...command];
  const etc = join(places.state, 'etc');
  rmSync(etc, { recursive: true, force: true });
  execFileSync('cp', ['--archive', '/etc', etc]);
  appendFileSync(join(etc, 'passwd'), `${user}:x:${first}:${first}::/:/usr/sbin/nologin\n`);
  appendFileSync(join(etc, 'group'), `${user}:x:${first}:\n`);
  for (const name of ['subuid', 'subgid']) appendFileSync(join(etc, name), `${user}:${first}:${idCount}\n`);
  const data = dataRootInside(places, dataRoot);
  mkdirSync(data, { recursive: true });
  const mounts = 'mount --bind "$1" /etc && mount --bind "$2" "$3" && shift 3 && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', mounts, 'sh', etc, dataRoot, data, ...command];
}
