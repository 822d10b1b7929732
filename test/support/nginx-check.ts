import { docker, type Engine } from '../providers/engine/docker-command.ts';
import type { NginxSeries } from '../providers/engine/stand-ins.ts';
import { tarArchive } from './tar-archive.ts';
import { runLabel } from '../providers/engine/test-run.ts';

/** Files below /etc/nginx by path: `{'conf.d/routing.conf': '…'}`. */
export type NginxFiles = Readonly<Record<string, string>>;

interface NginxVerdict {
  readonly ok: boolean;
  /** nginx's warnings and errors. */
  readonly output: string;
}

export interface NginxChecker {
  /** Runs `nginx -t` with these files added to the frontend's /etc/nginx. */
  test(files: NginxFiles): Promise<NginxVerdict>;
  /** Checks many configurations in one exec: about 25 ms each instead of 115. */
  testMany(candidates: readonly NginxFiles[]): Promise<NginxVerdict[]>;
  /** Runs `nginx -T`: the files that nginx read, in order, or its error. */
  dump(files: NginxFiles): Promise<NginxVerdict>;
  close(): Promise<void>;
}

// Each candidate is written into a copy of the container's /etc/nginx. Includes of /etc/nginx/… are pointed at the
// copy, so that `include /etc/nginx/meet-routing/*.conf` finds the candidate's files. The rest of the text, and the
// line numbers, stay.
const script = `
set -e
work=$(mktemp -d /tmp/check.XXXXXX)
trap 'rm -rf "$work"' EXIT
tar -x -C "$work"
tree="$work/tree"
cp -r /etc/nginx "$work/own"
find "$work" -name '*.conf' -exec sed -i -E "s#^([[:space:]]*include[[:space:]]+)/etc/nginx/#\\1$tree/#" {} +
for candidate in "$work"/[0-9]*/; do
  candidate=\${candidate%/}
  rm -rf "$tree"
  cp -r "$work/own" "$tree"
  cp -r "$candidate"/. "$tree"
  code=0
  nginx "$NGINX_CHECK" -c "$tree/nginx.conf" > "$work/output" 2>&1 < /dev/null || code=$?
  printf '%s %s %s\\n' "$SEPARATOR" "$code" "$candidate"
  sed "s#$tree/#/etc/nginx/#g" "$work/output"
done
`;

/** Keeps a container of the frontend's image, whose nginx checks configurations quickly. */
export async function createNginxChecker(engine: Engine, version: NginxSeries): Promise<NginxChecker> {
  const started = await docker(engine, [
    'run',
    '--detach',
    '--label',
    runLabel,
    '--network',
    'none',
    '--init',
    '--entrypoint',
    'sleep',
    `meet-gen-test/frontend:${version}`,
    'infinity',
  ]);
  const container = started.trim();

  async function ask(flag: '-t' | '-T', candidates: readonly NginxFiles[]): Promise<NginxVerdict[]> {
    if (candidates.length === 0) return [];
    const separator = `=== ${Math.random().toString(36).slice(2)}`;
    const answer = await docker(
      engine,
      ['exec', '--interactive', '--env', `NGINX_CHECK=${flag}`, '--env', `SEPARATOR=${separator}`, container, 'sh', '-c', script],
      { stdin: tarArchive(inFolders(candidates)) },
    );
    return readVerdicts(answer, separator, candidates.length);
  }

  const one = async (flag: '-t' | '-T', files: NginxFiles): Promise<NginxVerdict> => {
    const [verdict] = await ask(flag, [files]);
    return verdict ?? { ok: false, output: 'nginx did not run' };
  };
  return {
    test: (files) => one('-t', files),
    testMany: (candidates) => ask('-t', candidates),
    dump: (files) => one('-T', files),
    close: async () => void (await docker(engine, ['rm', '--force', container])),
  };
}

/** Folders with numbers, which the shell's `*` sorts in this order. */
function inFolders(candidates: readonly NginxFiles[]): Record<string, string> {
  const numbered = candidates.flatMap((files, index) => {
    const folder = String(index).padStart(6, '0');
    const entries = Object.entries(files).map(([path, text]): [string, string] => [`${folder}/${path}`, text]);
    // Without a file there would be no folder, and one answer would be missing.
    return [[`${folder}/.candidate`, ''] as [string, string], ...entries];
  });
  return Object.fromEntries(numbered);
}

function readVerdicts(answer: string, separator: string, expected: number): NginxVerdict[] {
  const verdicts = answer
    .split(`${separator} `)
    .slice(1)
    .map((part): NginxVerdict => {
      const firstLine = part.slice(0, part.indexOf('\n'));
      return { ok: firstLine.startsWith('0 '), output: part.slice(firstLine.length + 1).trim() };
    });
  if (verdicts.length !== expected)
    throw new Error(`nginx judged ${verdicts.length} of ${expected} configurations: ${answer.slice(-1_000)}`);
  return verdicts;
}
