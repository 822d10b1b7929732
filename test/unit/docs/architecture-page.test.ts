import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, it } from 'vitest';
import { documentedBlock, readPage, repository } from '../../support/docs/pages.ts';

const source = join(repository, 'src');

it('docs/architecture.md shows the flow of the code', () => {
  const [folders = ''] = documentedBlock('docs/architecture.md', 'the flow').split('\n');
  const names = folders.split(' ──► ');
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !existsSync(join(source, name)))).toEqual([]);
});

it('docs/architecture.md has a row with the imports of each folder, types included', () => {
  expect(arrowsOfTable()).toEqual(arrowsOfCode());
});

it('no two folders import each other, even through a third', () => {
  const arrows = arrowsOfCode();
  const reach = (from: string, seen: Set<string>): Set<string> => {
    for (const to of arrows[from] ?? []) if (!seen.has(to)) reach(to, seen.add(to));
    return seen;
  };
  expect(Object.keys(arrows).filter((folder) => reach(folder, new Set()).has(folder))).toEqual([]);
});

it('every file named on the page exists', () => {
  const named = [...readPage('docs/architecture.md').matchAll(/`([a-z/-]+\.ts)`/g)].map(([, place = '']) => place);
  const files = sourceFiles();
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((place) => !files.some((file) => file === place || file.endsWith(`/${place}`)))).toEqual([]);
});

function sourceFiles(): readonly string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

type Arrows = Readonly<Record<string, readonly string[]>>;

/** A folder, or a file in the root. */
function folderOf(file: string): string {
  return file.includes('/') ? `${dirname(file)}/` : file;
}

function arrowsOfCode(): Arrows {
  const arrows: Record<string, Set<string>> = {};
  for (const file of sourceFiles()) {
    const folder = folderOf(file);
    const found = (arrows[folder] ??= new Set());
    const text = readFileSync(join(source, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      const to = folderOf(relative(source, normalize(join(source, dirname(file), target))));
      if (to !== folder && to !== 'util/') found.add(to);
    }
  }
  return sorted(arrows);
}

function arrowsOfTable(): Arrows {
  const rows = [...readPage('docs/architecture.md').matchAll(/^\| `([a-z/]+(?:\.ts)?)` \| .* \| ([^|]*)\|$/gm)].filter(([, folder = '']) =>
    existsSync(join(source, folder)),
  );
  const all = rows.map(([, folder = '']) => folder);
  return sorted(
    Object.fromEntries(
      rows.map(([, folder = '', cell = '']) => {
        const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
        if (!cell.startsWith('every folder but')) return [folder, named];
        return [folder, all.filter((one) => ![folder, 'main.ts', 'cli.ts', 'util/'].includes(one) && !named.includes(one))];
      }),
    ),
  );
}

function sorted(arrows: Readonly<Record<string, Iterable<string>>>): Arrows {
  return Object.fromEntries(
    Object.entries(arrows)
      .map(([folder, found]) => [folder, [...found].toSorted()] as const)
      .toSorted(([left], [right]) => (left < right ? -1 : 1)),
  );
}
