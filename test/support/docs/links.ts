import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readPage, repository } from './pages.ts';

/** What is wrong with the links of a page into the repository: files that aren't there, headings that no page has. */
export function checkLinks(page: string, text: string): readonly string[] {
  const prose = text.replaceAll(/^ *(`{3,}|~{3,})[^]*?^ *\1$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)].map(([, target, source]) => target ?? source ?? '');
  return targets.filter((target) => !/^[a-z]+:/.test(target)).flatMap((target) => checkTarget(page, text, target));
}

function checkTarget(page: string, text: string, target: string): readonly string[] {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (path !== '' && !existsSync(join(repository, file))) return [`${page}: ${target}: there is no such file`];
  if (anchor === undefined || !file.endsWith('.md')) return [];
  return anchorsOf(path === '' ? text : readPage(file)).has(anchor) ? [] : [`${page}: ${target}: no heading makes this anchor`];
}

/** As GitHub makes them of headings: lower case, no punctuation, dashes for blanks. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^ *(`{3,})[^]*?^ *\1$/gm, '').matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
