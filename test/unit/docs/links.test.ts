import { describe, expect, it } from 'vitest';
import { checkLinks, checkNamedFiles } from '../../support/docs/links.ts';
import { documentationPages, readPage } from '../../support/docs/pages.ts';

describe('links', () => {
  it.each(documentationPages())('have a target: %s', (page) => {
    expect(checkLinks(page, readPage(page))).toEqual([]);
  });

  it('are reported if broken', () => {
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

describe('names of files and addresses in texts', () => {
  const forUsers = [
    'compose.example.yml',
    'compose.hardened.yml',
    'compose.podman.yml',
    '.env.example',
    'Dockerfile',
    'docs/rolling-update.sh',
  ];
  it.each([...documentationPages(), ...forUsers, 'templates/hook.sh', 'templates/routing.conf.eta'])('exist: %s', (page) => {
    expect(checkNamedFiles(page, readPage(page))).toEqual([]);
  });

  it('are reported if unknown', () => {
    const text = '# docs/nowhere.md, compose.soft.yml, https://meet.example.com/x, https://elsewhere.net/page. http://backend:8000/api';
    expect(checkNamedFiles('page', text)).toEqual([
      'page: docs/nowhere.md: there is no such thing',
      'page: compose.soft.yml: there is no such thing',
      'page: https://elsewhere.net/page: there is no such thing',
    ]);
  });
});

/** The pages that links reach from these pages, directly or not. */
function reachable(start: string): ReadonlySet<string> {
  const seen = new Set([start]);
  for (const page of seen) {
    for (const [, target = ''] of readPage(page).matchAll(/\]\(([^)\s#:]+\.md)/g))
      seen.add(new URL(target, `file:///${page}`).pathname.slice(1));
  }
  return seen;
}

it('the map of the documentation leads to every page', () => {
  const found = reachable('docs/README.md');
  expect(documentationPages().filter((page) => !found.has(page))).toEqual([]);
});
