import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { documentedBlock, readPage, repository } from '../../support/docs/pages.ts';

const isThere = (place: string): boolean => [`src/${place}`, place].some((path) => existsSync(join(repository, path)));

it('the flow in docs/architecture.md is the one of the code', () => {
  const [folders = '', kinds = ''] = documentedBlock('docs/architecture.md', 'the flow').split('\n');
  const names = folders.split(' ──► ');
  expect(names.filter((name) => !isThere(name))).toEqual([]);
  // What is called pure may import no builtin.
  const pure = kinds
    .trim()
    .split(/ {2,}/)
    .flatMap((kind, index) => (kind.startsWith('pure') ? [names[index]?.replace('/', '')] : []));
  expect(pure).toEqual(['model', 'routes', 'render']);
  const rules = readPage('.oxlintrc.json');
  expect(pure.filter((name) => !rules.includes(`"src/${name}/**"`))).toEqual([]);
});

it('and every place in its table is there', () => {
  const rows = readPage('docs/architecture.md').matchAll(/^\| (`.*?) \|/gm);
  const places = [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place));
  const found = places.filter((place) => /[./]/.test(place));
  expect(found.length).toBeGreaterThan(20);
  expect(found.filter((place) => !place.includes('*') && !isThere(place))).toEqual([]);
});
