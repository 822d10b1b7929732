import { describe, expect, it } from 'vitest';
import { countLines, longestLine, longLines, mostLines } from '../../support/docs/page-length.ts';
import { documentationPages, readPage } from '../../support/docs/pages.ts';

const pages = documentationPages();

it('the README has at most 200 lines', () => {
  expect(countLines(readPage('README.md'))).toBeLessThanOrEqual(mostLines);
});

describe('a page of the documentation fits', () => {
  it.each(pages.filter((page) => page.startsWith('docs/')))('%s has fewer than 200 lines', (page) => {
    expect(countLines(readPage(page))).toBeLessThan(mostLines);
  });

  it.each(pages)('%s has no line of more than 120 characters', (page) => {
    expect(longLines(page, readPage(page))).toEqual([]);
  });

  it.each(pages.filter((page) => page.startsWith('docs/')))('%s begins with a paragraph, right below its title', (page) => {
    expect(readPage(page)).toMatch(/^# .+\n\n(?:<!-- Generated .+ -->\n\n)?(?!```)[\w`[*(]/);
  });
});

it('reports long lines outside of tables, blocks, HTML and pictures', () => {
  const long = 'word '.repeat(longestLine / 4);
  const text = [
    long,
    `| ${long} |`,
    '```sh',
    long,
    '```',
    `<img alt="${long}">`,
    `![${long}](x.svg)`,
    'x'.repeat(longestLine + 1),
    `- ${long}`,
  ];
  expect(longLines('page.md', text.join('\n'))).toEqual(['page.md:1: 150 characters', 'page.md:9: 152 characters']);
});
