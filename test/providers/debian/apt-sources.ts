import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotProvided } from '../not-provided.ts';

export interface DebianMirror {
  readonly uri: string;
  /** The `[options]` of a classic sources line with their brackets, or an empty text. */
  readonly options: string;
}

interface AptSource extends DebianMirror {
  readonly suites: readonly string[];
}

const security = '-security';
const movingNames = ['stable', 'oldstable', 'oldoldstable', 'testing', 'unstable', 'sid'];

/**
 * Finds the mirror of a suite: the mirror in this machine's apt sources for that suite, else the mirror for the running
 * release. A release's mirror has all other releases, too. The security suites have a separate mirror.
 * @throws NotProvided when apt has no source of the archive's component main
 */
export function findDebianMirror(suite: string, codename: string, root = '/etc/apt'): DebianMirror {
  const sources = sourceFiles(root).flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return file.endsWith('.sources') ? fromDeb822(text) : fromList(text);
  });
  const ending = suite.endsWith(security) ? security : '';
  for (const names of [[suite], [`${codename}${ending}`], movingNames.map((name) => `${name}${ending}`)]) {
    const having = sources.filter(({ suites }) => suites.some((name) => names.includes(name)));
    // Other vendors also name their suites after Debian's.
    const found = having.find(isDebians) ?? having[0];
    if (found !== undefined) return { uri: firstMirror(found.uri), options: found.options };
  }
  throw new NotProvided(
    `apt has no source for Debian's ${suite}, main, under ${root}.`,
    'Add one, or install the program yourself: test/providers/README.md lists it.',
  );
}

function sourceFiles(root: string): string[] {
  const parts = join(root, 'sources.list.d');
  const listed = existsSync(parts) ? readdirSync(parts).toSorted() : [];
  const files = listed.filter((name) => /\.(?:sources|list)$/.test(name)).map((name) => join(parts, name));
  return [join(root, 'sources.list'), ...files].filter((file) => existsSync(file));
}

const isDebians = ({ uri, options }: AptSource): boolean => /\/debian(?:-security)?\b/.test(uri) || options.includes('debian-archive');

/** Cloud images use a file with a list of mirrors, which debootstrap doesn't understand. */
function firstMirror(uri: string): string {
  const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
  if (file === undefined || !existsSync(file)) return uri;
  return /^\s*([a-z]+:\S+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? uri;
}

/** The deb822 fields that decide whether apt trusts a mirror, and their names in classic lines. */
const trustFields = {
  'signed-by': 'signed-by',
  trusted: 'trusted',
  'check-valid-until': 'check-valid-until',
  'allow-insecure': 'allow-insecure',
} as const;

function fromDeb822(text: string): AptSource[] {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map<string, string[]>();
      for (const line of stanza.replace(/\n[ \t]+/g, ' ').split('\n')) {
        const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
        if (name !== undefined) fields.set(name.toLowerCase(), value?.split(/\s+/).filter(Boolean) ?? []);
      }
      const field = (name: string): string[] => fields.get(name) ?? [];
      const uri = field('uris').find((candidate) => !candidate.startsWith('cdrom:'));
      const isOff = /^(?:no|false|without|off|disable|0)$/i.test(field('enabled')[0] ?? '');
      if (uri === undefined || isOff || !field('types').includes('deb') || !field('components').includes('main')) return [];
      const options = Object.entries(trustFields).flatMap(([name, option]) => {
        const [value] = field(name);
        // A key inside the stanza has no path. apt's trusted keys are used instead.
        return value === undefined || (name === 'signed-by' && !value.startsWith('/')) ? [] : [`${option}=${value}`];
      });
      return [{ uri, options: options.length === 0 ? '' : `[${options.join(' ')}]`, suites: field('suites') }];
    });
}

function fromList(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, options, uri, suite, components] =
      /^\s*deb\s+(?:(\[[^\]]*\])\s+)?([^\s[]+)\s+(\S+)\s+(.+)$/.exec(line.replace(/#.*/, '')) ?? [];
    if (uri === undefined || suite === undefined || !components?.split(/\s+/).includes('main')) return [];
    return [{ uri, options: options ?? '', suites: [suite] }];
  });
}
