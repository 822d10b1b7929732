import { compilePatterns, readDocument } from './find-patterns.ts';
import { limits, rules, words, type Rule } from './rules.ts';
import type { Kind, Text } from './text.ts';

export interface Finding {
  readonly rule: string;
  readonly message: string;
  /** The words that match the rule, or the count that exceeds its limit. */
  readonly excerpt: string;
  /** Offset in the file. */
  readonly offset: number;
}

const allRules: readonly Rule[] = [
  ...Object.entries(words).map(([match, better]) => ({ id: 'word', message: `write: ${better}`, match: splitAlternatives(match) })),
  ...rules,
];
const findPatterns = compilePatterns(new Set(allRules.flatMap(({ match, unless = [] }) => [...match, ...unless])));

/** `a b|c d` is two patterns; `(a|b) c` is one. */
function splitAlternatives(pattern: string): string[] {
  return pattern.split(/\|(?![^(]*\))/u);
}

/** A finding with its offset in the text instead of the file. */
type Occurrence = Omit<Finding, 'offset'> & { readonly at: number };

// Many comments and test names occur more than once.
const examined = new Map<string, readonly Occurrence[]>();

/** Finds violations of the rules in a text. */
export function examine({ kind, content, offsets }: Text): Finding[] {
  const key = `${kind}\n${content}`;
  const found = examined.get(key) ?? examineContent(content, kind);
  examined.set(key, found);
  return found.map(({ at, ...finding }) => ({ ...finding, offset: offsets[at] ?? offsets.at(-1) ?? 0 }));
}

/** A word with the characters around it, by which the offset of the next word is known. */
interface Term {
  readonly pre: string;
  readonly text: string;
  readonly post: string;
}

interface Clause {
  readonly terms: readonly Term[];
  /** The offset of each term. */
  readonly starts: readonly number[];
  /** Clauses that a colon, a semicolon or a dash separates have the same number. */
  readonly sentence: number;
}

function examineContent(content: string, kind: Kind): Occurrence[] {
  const document = readDocument(markClauses(content));
  const clauses = placeClauses(document.document, content);
  const spans = findPatterns(document);
  const found: Occurrence[] = [];
  for (const rule of allRules) {
    const exceptions = (rule.unless ?? []).flatMap((pattern) => spans.get(pattern) ?? []);
    const reported = new Set<number>();
    for (const [number, from, to] of rule.match.flatMap((pattern) => spans.get(pattern) ?? [])) {
      const clause = clauses[number];
      if (clause === undefined || reported.has(number)) continue;
      if (rule.opens !== undefined && (number > 0 || !rule.opens.includes(kind))) continue;
      if (rule.isAllowedInQuestions === true && clause.terms.at(-1)?.post.includes('?') === true) continue;
      if (rule.isAllowedInHeadings === true && kind === 'heading') continue;
      if (exceptions.some(([other, first, last]) => other === number && first < to && from < last)) continue;
      reported.add(number);
      const excerpt = clause.terms.slice(from, to).map(({ text }) => text);
      found.push({ rule: rule.id, message: rule.message, excerpt: excerpt.join(' ').trim(), at: clause.starts[from] ?? 0 });
    }
  }
  return [...found, ...examineLengths(clauses)].toSorted((a, b) => a.at - b.at);
}

/**
 * Makes each clause a sentence for the patterns. The result has the same length, so that offsets stay valid. A hyphen
 * before a unit keeps compromise from reading `s.` as an abbreviation, which wouldn't end the sentence.
 */
function markClauses(content: string): string {
  return content
    .replaceAll(/(?<=[\p{Letter}\p{Number}`)'"…])[:;](?=\s)/gu, '.')
    .replaceAll(/(?<=\p{Letter})\s[–—](?=\s)/gu, '. ')
    .replaceAll(/[*_]/gu, ' ')
    .replaceAll(/(?<=\d)\s(?=(?:ms|s|min|m|h|kB|MB|GB|MiB|%)\.(?:\s|$))/gu, '-');
}

function placeClauses(clauses: readonly (readonly Term[])[], content: string): Clause[] {
  let offset = 0;
  let sentence = 0;
  return clauses.map((terms, number) => {
    const starts = terms.map(({ pre, text, post }) => {
      const start = offset + pre.length;
      offset = start + text.length + post.length;
      return start;
    });
    if (number > 0 && !/[:;–—]\s*\S?$/u.test(content.slice(0, starts[0]))) sentence += 1;
    return { terms, starts, sentence };
  });
}

const pronouns = new Set(['it', 'its', 'they', 'them', 'their', 'ones', 'those', 'theirs']);

function examineLengths(clauses: readonly Clause[]): Occurrence[] {
  const found: Occurrence[] = [];
  for (let sentence = 0; sentence <= (clauses.at(-1)?.sentence ?? -1); sentence++) {
    const own = clauses.filter((clause) => clause.sentence === sentence);
    const terms = own.flatMap((clause) => clause.terms.map(({ text }) => text.toLowerCase())).filter((text) => text !== '');
    const at = own[0]?.starts[0] ?? 0;
    if (terms.length > limits.wordsInSentence) {
      found.push({ rule: 'sentence-length', message: `at most ${limits.wordsInSentence} words`, excerpt: `${terms.length} words`, at });
    }
    const count = terms.filter((text) => pronouns.has(text)).length;
    if (count > limits.pronounsInSentence) {
      found.push({ rule: 'it-chain', message: 'repeat the nouns', excerpt: `${count} pronouns`, at });
    }
  }
  return found;
}
