import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

const contextLines = 3;
/** Beyond this number of lines the search for the shortest difference takes too long. */
const maxChangedLines = 1000;
/** Longer texts are not kept in memory for a later diff. */
const maxKept = 100_000;

/**
 * The difference between two texts in the format of `diff -u`. Empty for equal texts, a sentence above the limit of
 * lines.
 */
export function unifiedDiff(names: readonly [before: string, after: string], before: string, after: string): string {
  if (before === after) return '';
  const options = { context: contextLines, headerOptions: FILE_HEADERS_ONLY, maxEditLength: maxChangedLines };
  const patch = createTwoFilesPatch(...names, before, after, undefined, undefined, options);
  return patch ?? `more than ${maxChangedLines} lines of ${names.join(' and ')} are different\n`;
}

/** As `unifiedDiff`, computed on demand: few diffs are read, and each takes as long as planning the routes. */
export function lazyDiff(names: readonly [before: string, after: string], before: string, after: string): () => string {
  if (before.length + after.length <= maxKept) return () => unifiedDiff(names, before, after);
  const diff = unifiedDiff(names, before, after);
  return () => diff;
}
