import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referencePages } from '../../../src/docs/reference.ts';
import { checkGroups, checkTable } from '../../../src/doctor/check-table.ts';
import { gauges } from '../../../src/metrics/metrics.ts';
import { counters, histograms } from '../../../src/metrics/tally.ts';
import { allLabels } from '../../../src/model/label-table.ts';
import { alertedCodes, problemTable } from '../../../src/model/problem.ts';
import { reloadWays } from '../../../src/reload/ways/way-table.ts';
import { readAlerts } from '../../support/observability-files.ts';
import { readPage, repository } from '../../support/docs/pages.ts';

interface Recipe {
  readonly title: string;
  readonly text: string;
}

const [, section = ''] = /\n## Recipes\n(.*?)\n## /s.exec(readPage('docs/contributing.md')) ?? [];
const recipes: readonly Recipe[] = section
  .split(/^### /m)
  .slice(1)
  .map((part) => ({ title: part.slice(0, part.indexOf('\n')), text: part.slice(part.indexOf('\n')) }));

const sources = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readPage(`src/${name}`) }));

/** The files below a folder of `src`, with their exported objects. */
async function exportsBelow(folder: string): Promise<readonly object[]> {
  const names = readdirSync(join(repository, 'src', folder)).filter((name) => name.endsWith('.ts'));
  const modules = await Promise.all(names.map((name) => import(`../../../src/${folder}/${name}`) as Promise<object>));
  return modules.flatMap((module) => Object.values(module).flat() as object[]);
}

function pathsIn(text: string): readonly string[] {
  return [...text.matchAll(/`((?:src|docs|test|templates)\/[^`]+|README\.md)`/g)].map(([, path = '']) => path);
}

/** The start of a table row. */
function rowOf(name: string): string {
  return `\n| \`${name}\` |`;
}

/** Source files with a quoted word, except the file with its row. */
function usersOf(word: string, table: string): readonly string[] {
  return sources.flatMap(({ name, text }) => (name !== table && text.includes(`'${word}'`) ? [name] : []));
}

it('docs/contributing.md has the recipes', () => {
  expect(recipes.map(({ title }) => title.split(':')[0])).toEqual([
    'A label',
    'A problem code',
    'A doctor check',
    'A log message',
    'A metric',
    'A reload way',
    'A source',
    'A publisher',
  ]);
});

describe.each(recipes)('$title', ({ title, text }) => {
  it('names existing files', () => {
    expect(pathsIn(text).length).toBeGreaterThan(1);
    expect(pathsIn(text).filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  });

  it('has as many steps as its title says', () => {
    const counts = [...title.matchAll(/\d+/g)].map(Number);
    const most = title.includes(' to ') ? Math.max(...counts) : counts.reduce((sum, count) => sum + count, 0);
    expect(text.match(/^\d+\. /gm)).toHaveLength(most);
  });

  it('separates generated pages from hand-written ones', () => {
    const written = new Set([...[...referencePages().keys()].map((name) => `docs/${name}`), 'README.md', 'docs/observability/alerts.yml']);
    const [, then = ''] = /^Then: (.*?)(?=By hand:|\n\n|$(?![^]))/ms.exec(text) ?? [];
    expect(pathsIn(then).length).toBeGreaterThan(0);
    expect(pathsIn(then).filter((path) => !written.has(path))).toEqual([]);
  });
});

it('each label is in docs/labels.md, and each basic label in the README', () => {
  expect(allLabels.filter(({ key }) => !readPage('docs/labels.md').includes(rowOf(key)))).toEqual([]);
  expect(allLabels.filter(({ key, isBasic }) => readPage('README.md').includes(rowOf(key)) !== (isBasic === true))).toEqual([]);
});

it('each problem code is used in the code, is in docs/problems.md, and in the alert if its row asks for it', () => {
  const codes = Object.keys(problemTable);
  expect(codes.filter((code) => usersOf(code, 'model/problem.ts').length === 0)).toEqual([]);
  expect(codes.filter((code) => !readPage('docs/problems.md').includes(rowOf(code)))).toEqual([]);
  const alerted = readAlerts().flatMap(({ expr }) => /code=~"([^"]+)"/.exec(expr)?.[1]?.split('|') ?? []);
  expect(alerted).toEqual(alertedCodes());
});

it('each doctor check is in the table, in docs/troubleshooting.md and on a page below it', async () => {
  const written = (await exportsBelow('doctor/checks')).filter((one) => typeof one === 'object' && 'looksAt' in one);
  expect(written.length).toBeGreaterThan(20);
  expect(new Set(checkTable)).toEqual(new Set(written));
  const pages = checkGroups.map(({ name }) => readPage(`docs/troubleshooting/${name}.md`)).join('\n');
  expect(checkTable.filter(({ id }) => !pages.includes(`\n## ${id}\n`))).toEqual([]);
  expect(checkTable.filter(({ id }) => !readPage('docs/troubleshooting.md').includes(`| [${id}](`))).toEqual([]);
});

// observability.test.ts checks the dashboard.
it('each metric is in docs/metrics.md, and each counter and histogram is used', () => {
  const counted = [...Object.keys(counters), ...Object.keys(histograms)];
  const all = [...Object.keys(gauges), ...counted];
  expect(all.filter((name) => !readPage('docs/metrics.md').includes(rowOf(`meet_gen_${name}`)))).toEqual([]);
  expect(counted.filter((name) => usersOf(name, 'metrics/tally.ts').length === 0)).toEqual([]);
});

it('each reload way is in the table and in docs/configuration.md, and no other file compares its name', async () => {
  const written = (await exportsBelow('reload/ways')).filter((one) => 'connect' in one);
  expect(written.length).toBeGreaterThan(3);
  expect(new Set(reloadWays)).toEqual(new Set(written));
  const page = readPage('docs/configuration.md');
  expect(reloadWays.filter(({ name, meaning }) => !page.includes(`${name}: ${meaning}`))).toEqual([]);
  const comparing = sources.filter(({ text }) => /\breload(?:\.name)? [!=]== '/.test(text));
  expect(comparing.map(({ name }) => name)).toEqual([]);
});

it('each source is a folder with a line in the table, and the publisher is a line of the sidecar', () => {
  const folders = readdirSync(join(repository, 'src/source'), { withFileTypes: true }).filter(
    (one) => one.isDirectory() && one.name !== 'kinds',
  );
  const commands = sources
    .filter(({ name }) => name.startsWith('commands/') || name === 'source/kinds/source-table.ts')
    .map(({ text }) => text);
  expect(folders.filter(({ name }) => !commands.some((text) => text.includes(`source/${name}/`) || text.includes(`'../${name}/`)))).toEqual(
    [],
  );
  expect(readPage('src/commands/run.ts')).toMatch(/^ +publisher: \w+\(/m);
  const comparing = sources.filter(({ text }) => /\bsource(?:\.name)? [!=]== '\w/.test(text));
  expect(comparing.map(({ name }) => name)).toEqual(['status/source-words.ts']);
});
