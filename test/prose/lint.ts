import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { lintFile, type PlacedFinding } from './lint-file.ts';
import { exempt, notYetClean, readable } from './scope.ts';

const usage = `npm run lint:prose -- [--summary] [--known] [file or folder…]

Without names: all files of the repository but those that scope.ts lists as not yet clean.
--known    these, too
--summary  numbers per folder and per rule alone`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { summary: { type: 'boolean' }, known: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help === true) {
  console.log(usage);
} else {
  const isNamed = positionals.length > 0;
  const names = listFiles(positionals.map((name) => relative('.', name) || '.')).filter(
    (name) => readable.test(name) && !exempt.some((pattern) => pattern.test(name)) && (isNamed || values.known === true || !isKnown(name)),
  );
  const findings = names.flatMap((name) => lintFile(name, readFileSync(name, 'utf8')));
  if (values.summary === true) summarize(findings);
  else
    for (const { name, line, column, rule, message, excerpt } of findings)
      console.log(`${name}:${line}:${column} ${rule}: ${message} (${excerpt})`);
  console.log(`${findings.length} findings in ${names.length} files`);
  if (findings.length > 0) process.exitCode = 1;
}

function isKnown(name: string): boolean {
  return notYetClean.some((path) => name === path || name.startsWith(`${path}/`));
}

/** Files that are in the repository, or would be. */
function listFiles(names: readonly string[]): string[] {
  const output = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate', '--', ...names], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  return output.split('\0').filter((name) => name !== '');
}

function summarize(findings: readonly PlacedFinding[]): void {
  const table = (title: string, key: (finding: PlacedFinding) => string): void => {
    const counts = new Map<string, number>();
    for (const finding of findings) counts.set(key(finding), (counts.get(key(finding)) ?? 0) + 1);
    console.log(`\n${title}`);
    for (const [name, count] of [...counts].toSorted((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(6)}  ${name}`);
  };
  table('by folder', ({ name }) =>
    name
      .split('/')
      .slice(0, name.split('/').length > 2 ? 2 : 1)
      .join('/'),
  );
  table('by rule', ({ rule }) => rule);
  table('by kind', ({ kind }) => kind);
}
