import { describe, expect, it } from 'vitest';
import { checkLinks } from '../../support/docs/links.ts';
import { documentationPages, readPage } from '../../support/docs/pages.ts';

describe('links lead somewhere', () => {
  it.each(documentationPages())('from %s', (page) => {
    expect(checkLinks(page, readPage(page))).toEqual([]);
  });

  it('and those that do not are told', () => {
    const text = [
      '# One, two',
      '[a](nowhere.md) [b](#one-two) [c](#three) [d](labels.md#the-roles) [e](labels.md#the-rules)',
      '[f](https://example.com/x) `[g](shown.md)` <img src="nowhere.png">',
    ].join('\n');
    expect(checkLinks('docs/page.md', text)).toEqual([
      'docs/page.md: nowhere.md: there is no such file',
      'docs/page.md: #three: no heading makes this anchor',
      'docs/page.md: labels.md#the-rules: no heading makes this anchor',
      'docs/page.md: nowhere.png: there is no such file',
    ]);
  });
});

/** The pages that links lead to from these, and from there. */
function reachable(start: string): ReadonlySet<string> {
  const seen = new Set([start]);
  for (const page of seen) {
    for (const [, target = ''] of readPage(page).matchAll(/\]\(([^)\s#:]+\.md)/g))
      seen.add(new URL(target, `file:///${page}`).pathname.slice(1));
  }
  return seen;
}

it('every page is found from the map of the documentation', () => {
  const found = reachable('docs/README.md');
  expect(documentationPages().filter((page) => !found.has(page))).toEqual([]);
});
