import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { lintFile, type PlacedFinding } from './lint-file.ts';
import { exempt, readable } from './scope.ts';

const usage = `npm run lint:prose -- [--summary] [file or folder…]

Checks Markdown, comments, messages and test names against the rules in test/prose/rules.ts.
Without a file or folder: the whole repository, except for the files in test/prose/scope.ts.

--summary  counts per folder, rule and kind instead of the findings

Code in backticks and quotations are exempt. In Markdown, so is the block after <!-- prose: quote -->.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { summary: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help === true) {
  console.log(usage);
} else {
  const names = listFiles(positionals.map((name) => relative('.', name) || '.')).filter(
    (name) => readable.test(name) && !exempt.some((pattern) => pattern.test(name)),
  );
  const findings = names.flatMap((name) => lintFile(name, readFileSync(name, 'utf8')));
  if (values.summary === true) summarize(findings);
  else for (const finding of findings) console.log(formatFinding(finding));
  if (findings.length > 0) {
    console.log(`${findings.length} findings in ${names.length} files. The rules: test/prose/rules.ts`);
    process.exitCode = 1;
  }
}

function formatFinding({ name, line, column, rule, message, excerpt }: PlacedFinding): string {
  return `${name}:${line}:${column} ${rule}: ${message} (${excerpt})`;
}

/** Files in the repository, and new files that git doesn't ignore. */
function listFiles(names: readonly string[]): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate', '--', ...names];
  const output = execFileSync('git', args, { encoding: 'utf8', maxBuffer: 100_000_000 });
  return output.split('\0').filter((name) => name !== '');
}

function summarize(findings: readonly PlacedFinding[]): void {
  printCounts(
    'by folder',
    findings.map(({ name }) => name.split('/').slice(0, -1).slice(0, 2).join('/') || name),
  );
  printCounts(
    'by rule',
    findings.map(({ rule }) => rule),
  );
  printCounts(
    'by kind',
    findings.map(({ kind }) => kind),
  );
}

function printCounts(title: string, keys: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  console.log(title);
  for (const [key, count] of [...counts].toSorted(([, a], [, b]) => b - a)) console.log(`${String(count).padStart(6)}  ${key}`);
}
