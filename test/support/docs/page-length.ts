import { readBlocks } from './fenced-blocks.ts';

export const longestLine = 120;
/** A page in `docs/` has fewer lines, the README at most as many. */
export const mostLines = 200;

/** The lines of a page that are too long. Tables, code blocks, HTML, pictures and links that cannot be wrapped don't count. */
export function longLines(page: string, text: string): readonly string[] {
  const inBlocks = new Set(
    readBlocks(page, text).flatMap(({ line, text: block }) => block.split('\n').map((_, index) => line + 1 + index)),
  );
  return text.split('\n').flatMap((line, index) => {
    const isExempt = inBlocks.has(index + 1) || /^ *[|<]/.test(line) || line.startsWith('![') || !/\S\s+\S/.test(line.trim());
    return isExempt || line.length <= longestLine ? [] : [`${page}:${index + 1}: ${line.length} characters`];
  });
}

export function countLines(text: string): number {
  return text.trimEnd().split('\n').length;
}
