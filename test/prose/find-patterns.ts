import nlp from 'compromise/two';
import { placeholder } from './text.ts';

/** A text as compromise reads it: clauses of terms with parts of speech. */
export type Document = Pick<ReturnType<typeof nlp>, 'document' | 'match'>;

/** Terms `from` to `to` of a clause, without `to`. */
type Span = readonly [clause: number, from: number, to: number];

export type PatternFinder = (document: Document) => ReadonlyMap<string, readonly Span[]>;

nlp.plugin({ words: { [placeholder]: 'Singular' } });

/** The part of compromise that its types leave out. */
const { cacheDoc } = (nlp.methods() as { one: { cacheDoc: (document: unknown) => readonly ReadonlySet<string>[] } }).one;

/** Words and tags that a clause must have, all of `needs` and one of `wants`, to match the pattern. */
interface Requirements {
  readonly needs: readonly string[];
  readonly wants: readonly string[];
}

// Without the last step, which corrects some parts of speech: it takes two thirds of the time and changes few findings.
const steps = ['contractions', 'alias', 'machine', 'index', 'id', 'freeze', 'lexicon', 'preTagger', 'contractionTwo'];

export function readDocument(content: string): Document {
  return nlp.tokenize(content).compute(steps);
}

/** Compiles patterns once; most texts have the words of a few, and only those are tried. */
export function compilePatterns(patterns: Iterable<string>): PatternFinder {
  const byAnchor = new Map<string, Set<string>>();
  const withoutAnchor = new Set<string>();
  const parsed = new Map<string, ReturnType<typeof nlp.parseMatch>>();
  for (const pattern of patterns) {
    parsed.set(pattern, nlp.parseMatch(pattern));
    const anchors = findAnchors(pattern);
    if (anchors.length === 0) withoutAnchor.add(pattern);
    for (const anchor of anchors) byAnchor.set(anchor, (byAnchor.get(anchor) ?? new Set()).add(pattern));
  }
  return (document) => {
    const candidates = new Set(withoutAnchor);
    for (const words of cacheDoc(document.document)) {
      for (const word of words) for (const pattern of byAnchor.get(word) ?? []) candidates.add(pattern);
    }
    const spans = new Map<string, readonly Span[]>();
    for (const pattern of candidates) {
      const found = document.match(parsed.get(pattern) ?? pattern).fullPointer as readonly unknown[] as readonly Span[];
      if (found.length > 0) spans.set(pattern, found);
    }
    return spans;
  };
}

/** A clause without any of these can't match the pattern. */
function findAnchors(pattern: string): readonly string[] {
  const { hooks } = nlp.buildNet([{ match: pattern }]) as unknown as { hooks: Record<string, readonly Requirements[]> };
  const { needs = [], wants = [] } = Object.values(hooks)[0]?.[0] ?? {};
  const need = needs.find((word) => !word.startsWith('#')) ?? (wants.length === 0 ? needs[0] : undefined);
  return need === undefined ? wants : [need];
}
