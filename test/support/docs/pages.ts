import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBlocks, type Block } from './fenced-blocks.ts';

/** The checkout that the tests are in. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Every page of the documentation, by its path in the repository. */
export function documentationPages(): readonly string[] {
  const below = ['docs', 'test'].flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  );
  return ['README.md', 'CHANGELOG.md', ...below.filter((path) => path.endsWith('.md')).toSorted()];
}

export function readPage(page: string): string {
  return readFileSync(join(repository, page), 'utf8');
}

/** Every code block of the documentation. */
export function allBlocks(): readonly Block[] {
  return documentationPages().flatMap((page) => readBlocks(page, readPage(page)));
}

/**
 * The text of the block with this name. A test runs the block, or compares the text with real output.
 * @throws Error unless exactly one block has the name
 */
export function documentedBlock(page: string, name: string): string {
  const named = readBlocks(page, readPage(page)).filter((block) => block.name === name);
  const [block] = named;
  if (block === undefined || named.length > 1) throw new Error(`${page} should have one block called "${name}", and has ${named.length}`);
  return block.text;
}
