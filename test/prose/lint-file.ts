import { examine, type Finding } from './examine.ts';
import { readHashComments } from './read-hash-comments.ts';
import { readMarkdown, unwrappableLines } from './read-markdown.ts';
import { readTypeScript } from './read-typescript.ts';
import { limits } from './rules.ts';
import type { Kind, Text } from './text.ts';

export interface PlacedFinding extends Omit<Finding, 'offset'> {
  readonly name: string;
  readonly kind: Kind;
  readonly line: number;
  readonly column: number;
}

// The tables that these pages come from are checked instead.
const generatedPage = /^<!-- Generated from /mu;

/** Findings in a file, in the order of their places. */
export function lintFile(name: string, source: string): PlacedFinding[] {
  if (name.endsWith('.md') && generatedPage.test(source)) return [];
  const found = readTexts(name, source).flatMap((text) => examine(text).map((finding) => ({ ...finding, kind: text.kind })));
  if (name.endsWith('.md')) found.push(...longLines(source));
  const lineStarts = [0, ...[...source.matchAll(/\n/gu)].map(({ index }) => index + 1)];
  return found
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, ...finding }) => {
      const line = lineStarts.findLastIndex((start) => start <= offset);
      return { name, ...finding, line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 };
    });
}

function readTexts(name: string, source: string): Text[] {
  if (name.endsWith('.md')) return readMarkdown(source);
  if (!/\.m?ts$|\.mjs$/u.test(name)) return readHashComments(source);
  return readTypeScript(name, source, { hasMessages: name.startsWith('src/'), hasTestNames: name.endsWith('.test.ts') });
}

/** Finds long lines of Markdown. Tables, code and lines with a long link are exempt, since wrapping breaks them. */
function longLines(source: string): (Finding & { kind: Kind })[] {
  const unwrappable = unwrappableLines(source);
  const found: (Finding & { kind: Kind })[] = [];
  let offset = 0;
  for (const [index, line] of source.split('\n').entries()) {
    const hasLongWord = /\S{60,}/u.test(line);
    if (line.length > limits.charactersInLine && !hasLongWord && !unwrappable.has(index + 1)) {
      found.push({
        rule: 'line-length',
        message: `at most ${limits.charactersInLine} characters`,
        excerpt: `${line.length}`,
        offset: offset + limits.charactersInLine,
        kind: 'markdown',
      });
    }
    offset += line.length + 1;
  }
  return found;
}
