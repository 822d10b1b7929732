import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentationPages, readPage, repository } from '../../support/docs/pages.ts';

const pictures = readdirSync(join(repository, 'docs/pictures')).filter((name) => name.endsWith('.svg'));

/** The names of elements with unbalanced tags. */
function unbalanced(svg: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, end, name = '', closed] of svg.matchAll(/<(\/?)([a-z]+)(?:"[^"]*"|[^>"])*?(\/?)>/gi)) {
    if (end === '/') wrong.push(...(open.pop() === name ? [] : [name]));
    else if (closed === '') open.push(name);
  }
  return [...wrong, ...open];
}

describe.each(pictures)('docs/pictures/%s', (name) => {
  const svg = readPage(`docs/pictures/${name}`);

  it('is well-formed, and loads nothing from elsewhere', () => {
    expect(unbalanced(svg)).toEqual([]);
    expect(svg.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|@font-face|@import|<script|<image|href=/);
  });

  it('has a title and a description, and is made for light and dark', () => {
    expect(svg).toMatch(/<title id="title">.+<\/title>\n +<desc id="desc">.+<\/desc>/);
    expect(svg).toContain('class="page"');
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
  });

  it('has light and dark colours for every class', () => {
    const [light = '', dark = ''] = svg.split('@media');
    const classes = new Set([...svg.matchAll(/class="([a-z]+)"/g)].map(([, one = '']) => one).filter((one) => one !== 'head'));
    expect([...classes].filter((one) => !light.includes(`.${one} {`) || !dark.includes(`.${one} {`))).toEqual([]);
  });

  it('is on a page, with an alternative text', () => {
    const shown = documentationPages()
      .map(readPage)
      .join('\n')
      .matchAll(/!\[([^\]]*)\]\([^)]*?([\w-]+\.svg)\)/g);
    const words = [...shown].filter(([, , file]) => file === name).map(([, alternative = '']) => alternative);
    expect(words.length).toBeGreaterThan(0);
    expect(words.filter((text) => text.length < 20)).toEqual([]);
  });
});

it('reports unbalanced elements', () => {
  expect(unbalanced('<svg><g><path d="M0 0"/></svg>')).toEqual(['svg', 'svg']);
});
