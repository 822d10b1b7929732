import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

const contextLines = 3;
/** Beyond so many lines the search for the shortest difference takes too long. */
const maxChangedLines = 1000;
/** Two texts of more characters than that are not kept until somebody asks. */
const maxKept = 100_000;

/** What is different between two texts, as `diff -u` tells it; empty when nothing is, a sentence when it is nearly everything. */
export function unifiedDiff(names: readonly [before: string, after: string], before: string, after: string): string {
  if (before === after) return '';
  const options = { context: contextLines, headerOptions: FILE_HEADERS_ONLY, maxEditLength: maxChangedLines };
  const patch = createTwoFilesPatch(...names, before, after, undefined, undefined, options);
  return patch ?? `more than ${maxChangedLines} lines of ${names.join(' and ')} are different\n`;
}

/** As `unifiedDiff`, made when it is asked for: hardly any is, and each takes as long as planning the routes. */
export function laterDiff(names: readonly [before: string, after: string], before: string, after: string): () => string {
  if (before.length + after.length <= maxKept) return () => unifiedDiff(names, before, after);
  const diff = unifiedDiff(names, before, after);
  return () => diff;
}
