import { distance } from 'fastest-levenshtein';

const maxComparedLength = 64;

/** The known word that a mistyped one is closest to, when it is close enough to be meant: a third of its letters. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > maxComparedLength) return undefined;
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((left, right) => left.edits - right.edits || (left.candidate < right.candidate ? -1 : 1));
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}
