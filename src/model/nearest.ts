import { distance } from 'fastest-levenshtein';

const maxComparedLength = 64;

/**
 * The known word that a mistyped one is closest to, when it is close enough to be meant: in capitals or punctuation alone
 * (`meet_port`), else by so many letters, a third of its own unless said otherwise.
 */
export function nearest(word: string, known: readonly string[], mostEdits = Infinity): string | undefined {
  if (word.length > maxComparedLength) return undefined;
  const same = known.find((candidate) => lettersOf(candidate) === lettersOf(word));
  if (same !== undefined && lettersOf(word) !== '') return same;
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((left, right) => left.edits - right.edits || (left.candidate < right.candidate ? -1 : 1));
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.min(mostEdits, Math.max(1, Math.floor(best.candidate.length / 3)))
    ? best.candidate
    : undefined;
}

function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}
