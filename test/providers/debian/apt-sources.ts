import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DebianMirror {
  readonly uri: string;
  /** The `[options]` of a classic sources line, brackets included, or nothing. */
  readonly options: string;
}

export interface OsRelease {
  readonly id: string;
  readonly codename: string;
}

/** What /etc/os-release says of the distribution. */
export function readOsRelease(): OsRelease {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: value('ID'), codename: value('VERSION_CODENAME') };
}

/** The mirror that apt uses for the main archive of the running Debian release. */
export function findDebianMirror(codename: string, root = '/etc/apt'): DebianMirror {
  for (const file of sourceFiles(root)) {
    const text = readFileSync(file, 'utf8');
    const found = file.endsWith('.sources') ? fromDeb822(text, codename) : fromList(text, codename);
    if (found !== undefined) return found;
  }
  throw new Error(
    `apt has no source for Debian ${codename}, main, under ${root}. Add one, or start a Docker engine yourself and set DOCKER_HOST.`,
  );
}

function sourceFiles(root: string): string[] {
  const parts = join(root, 'sources.list.d');
  const listed = existsSync(parts) ? readdirSync(parts).toSorted() : [];
  return [join(root, 'sources.list'), ...listed.filter((name) => /\.(?:sources|list)$/.test(name)).map((name) => join(parts, name))].filter(
    (file) => existsSync(file),
  );
}

function fromDeb822(text: string, codename: string): DebianMirror | undefined {
  for (const stanza of text.replace(/^#.*\n?/gm, '').split(/\n\s*\n/)) {
    const field = (name: string): string[] => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
    const uri = field('URIs')[0];
    const fits = field('Types').includes('deb') && field('Suites').includes(codename) && field('Components').includes('main');
    if (!fits || uri === undefined || field('Enabled')[0] === 'no') continue;
    const signedBy = field('Signed-By')[0];
    return { uri, options: signedBy?.startsWith('/') ? `[signed-by=${signedBy}]` : '' };
  }
  return undefined;
}

function fromList(text: string, codename: string): DebianMirror | undefined {
  for (const line of text.split('\n')) {
    const parts = /^\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line);
    if (parts?.[2] === undefined || parts[3] !== codename || !/\bmain\b/.test(parts[4] ?? '')) continue;
    return { uri: parts[2], options: parts[1]?.trim() ?? '' };
  }
  return undefined;
}
