import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkBlock } from '../../support/docs/check-block.ts';
import { checkShell } from '../../support/docs/check-shell.ts';
import { dockerFlags } from '../../support/docs/docker-flags.ts';
import { readCodeSpans } from '../../support/docs/fenced-blocks.ts';
import { isMeetGenCommand } from '../../support/docs/meet-gen-words.ts';
import { checkName } from '../../support/docs/names-in-prose.ts';
import { namedBlocks } from '../../support/docs/named-blocks.ts';
import { allBlocks, documentationPages, readPage, repository } from '../../support/docs/pages.ts';

const blocks = allBlocks();

describe('every code block of the documentation', () => {
  it.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))('%s', async (_, block) => {
    expect(await checkBlock(block)).toEqual([]);
  });
});

describe('every command in the prose', () => {
  const spans = documentationPages().flatMap((page) => readCodeSpans(readPage(page)).map((span) => [page, span] as const));
  const ours = spans.filter(([, span]) => /^(meet-gen|npm|npx|docker compose|docker run) ./.test(span) && !/…|</.test(span));
  const commands = [...new Map(ours.map((pair) => [pair.join(': '), pair])).values()];

  it.each(commands)('%s: %s', (_, span) => {
    const [first, second = '', ...more] = span.replaceAll(/\[(--[^\]]+)\]/g, '$1').split(' ');
    // A span with only the name of a command is skipped.
    if (more.length === 0 && first === 'meet-gen') expect(second.startsWith('-') || isMeetGenCommand(second)).toBe(true);
    else if (more.length === 0 && first === 'docker') expect(span in dockerFlags || second in dockerFlags).toBe(true);
    else if (first === 'docker' && more.length === 1) expect(`${second} ${more[0]}` in dockerFlags).toBe(true);
    else expect(checkShell([first, second, ...more].join(' '))).toEqual([]);
  });
});

describe('labels, variables and flags in the prose', () => {
  it.each(documentationPages())('are known in %s', (page) => {
    expect(readCodeSpans(readPage(page)).flatMap(checkName)).toEqual([]);
  });

  it.each(['meet.pahts', 'meet.route.x.prot', 'MEET_GEN_RELOD=exec', '--relaod exec'])('are unknown if misspelt: %s', (span) => {
    expect(checkName(span)).toHaveLength(1);
  });
});

describe('commands in the comments of files for users', () => {
  const files = ['compose.example.yml', 'compose.hardened.yml', 'compose.podman.yml', 'stack.example.yml', '.env.example'];
  const lines = files.flatMap((file) =>
    [...readPage(file).matchAll(/^# +(?:\d\. )?((?:docker|meet-gen|awk|chmod|openssl) .*)$/gm)].map(
      ([, line = '']) => [file, line] as const,
    ),
  );
  it.each(lines)('%s: %s', (_, line) => {
    expect(checkShell(line)).toEqual([]);
  });

  it('are in each of these files', () => {
    expect(new Set(lines.map(([file]) => file))).toEqual(new Set(files));
  });

  it('use only files that the README creates: compose.yml and its overlay', () => {
    expect(lines.filter(([, line]) => line.includes('compose.example.yml'))).toEqual([]);
    const overlay = 'COMPOSE_FILE=compose.yml:compose.hardened.yml';
    for (const page of ['compose.hardened.yml', 'docs/hook.md']) expect(readPage(page)).toContain(overlay);
    expect(readPage('compose.podman.yml')).toContain('COMPOSE_FILE=compose.yml:compose.podman.yml');
  });
});

describe('named blocks', () => {
  it('are exactly the blocks in the list', () => {
    const inPages = blocks.flatMap(({ page, name }) => (name === undefined ? [] : [`${page}: ${name}`]));
    expect(inPages.toSorted()).toEqual(namedBlocks.map(({ page, block }) => `${page}: ${block}`).toSorted());
  });

  it.each(namedBlocks.map((row) => [`${row.page}: ${row.block}`, row] as const))(
    'is read by the test of its row: %s',
    (_, { page, block, test }) => {
      const folder = dirname(test);
      const names = readdirSync(join(repository, folder)).filter((name) => name.endsWith('.ts'));
      const text = names.map((name) => readFileSync(join(repository, folder, name), 'utf8')).join('\n');
      expect(readPage(test)).not.toBe('');
      expect([page, block].filter((word) => !text.includes(`'${word}'`) && !text.includes(`"${word}"`))).toEqual([]);
    },
  );
});
