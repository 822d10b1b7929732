import { countEdits } from './edits.ts';

const maxComparedLength = 64;
/** Shorter words are one typo away from too many others. */
const shortestStem = 3;

interface Comparison {
  /** The common prefix of all known words; only the rest is compared. */
  readonly prefix?: string;
  readonly mostEdits?: number;
}

/** The known word that differs only in capitals and punctuation (`meet_port`). */
export function sameLetters(word: string, known: readonly string[]): string | undefined {
  const letters = lettersOf(word);
  return letters === '' || word.length > maxComparedLength ? undefined : known.find((candidate) => lettersOf(candidate) === letters);
}

/**
 * The known word that a mistyped word means: the word with the same letters, else the single nearest word. The distance
 * is at most a third of the length after the prefix. Two equally near words give no result: no guess is better than a
 * wrong guess.
 */
export function nearest(
  word: string,
  known: readonly string[],
  { prefix = '', mostEdits = Infinity }: Comparison = {},
): string | undefined {
  if (word.length > maxComparedLength) return undefined;
  const same = sameLetters(word, known);
  if (same !== undefined) return same;
  const compared = new Set(known);
  const close = [...compared].flatMap((candidate) => {
    const edits = editsBetween(word, candidate, prefix, mostEdits);
    return edits === undefined ? [] : [{ candidate, edits }];
  });
  const fewest = Math.min(...close.map(({ edits }) => edits));
  const [best, ...others] = close.filter(({ edits }) => edits === fewest);
  return others.length === 0 ? best?.candidate : undefined;
}

/**
 * Undefined where the edits are too many for a typo. Without the prefix a word may have one typo, inside the prefix.
 */
function editsBetween(word: string, candidate: string, prefix: string, mostEdits: number): number | undefined {
  const [left, right] = [word.toLowerCase(), candidate.toLowerCase()];
  const [start, stem] = [prefix.toLowerCase(), right.slice(prefix.length)];
  if (stem.length < shortestStem) return undefined;
  const hasPrefix = left.startsWith(start);
  const limit = Math.min(mostEdits, hasPrefix ? Math.floor(stem.length / 3) : 1);
  if (Math.abs(left.length - right.length) > limit) return undefined;
  const edits = hasPrefix ? countEdits(left.slice(start.length), stem) : countEdits(left, right);
  return edits <= limit ? edits : undefined;
}

function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}
