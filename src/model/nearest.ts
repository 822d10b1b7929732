import { distance } from 'fastest-levenshtein';

const maxComparedLength = 64;

/**
 * The known word that a mistyped one is closest to, when it is close enough to be meant: in capitals or punctuation alone
 * (`meet_port`), else by so many letters, a third of its own unless said otherwise.
 */
export function nearest(word: string, known: readonly string[], mostEdits = Infinity): string | undefined {
  if (word.length > maxComparedLength) return undefined;
  const letters = lettersOf(word);
  const same = letters === '' ? undefined : known.find((candidate) => lettersOf(candidate) === letters);
  if (same !== undefined) return same;
  const lower = word.toLowerCase();
  let best: { readonly candidate: string; readonly edits: number; readonly most: number } | undefined;
  for (const candidate of known) {
    const most = Math.min(mostEdits, Math.max(1, Math.floor(candidate.length / 3)));
    // Words whose lengths differ by more are farther apart: most labels of a host are compared with none.
    if (Math.abs(candidate.length - word.length) > most) continue;
    const edits = distance(lower, candidate.toLowerCase());
    const isCloser = best === undefined || edits < best.edits || (edits === best.edits && candidate < best.candidate);
    if (isCloser) best = { candidate, edits, most };
  }
  return best !== undefined && best.edits <= best.most ? best.candidate : undefined;
}

function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}
