import nlp from 'compromise/two';
import { limits, rules, words, type Rule } from './rules.ts';
import { placeholder, type Kind, type Text } from './text.ts';

export interface Finding {
  readonly rule: string;
  readonly message: string;
  /** The words that the rule found. */
  readonly excerpt: string;
  /** Offset in the file. */
  readonly offset: number;
}

interface CompiledRule extends Rule {
  readonly nets: readonly ReturnType<typeof nlp.parseMatch>[];
  readonly exceptions: readonly ReturnType<typeof nlp.parseMatch>[];
}

nlp.plugin({ words: { [placeholder]: 'Singular' } });

const wordRules: readonly Rule[] = Object.entries(words).map(([match, better]) => ({
  id: 'word',
  message: `write: ${better}`,
  match: [match.includes('|') ? (match.split('|').every((word) => !/[\s()]/u.test(word)) ? `(${match})` : match) : match],
}));

const compiled: readonly CompiledRule[] = [...wordRules.flatMap(alternatives), ...rules].map((rule) => ({
  ...rule,
  nets: rule.match.map((pattern) => nlp.parseMatch(pattern)),
  exceptions: (rule.unless ?? []).map((pattern) => nlp.parseMatch(pattern)),
}));

/** `a b|c d` are two patterns. */
function alternatives(rule: Rule): Rule[] {
  return [
    {
      ...rule,
      match: rule.match.flatMap((pattern) =>
        pattern.startsWith('(') && pattern.endsWith(')') ? [pattern] : pattern.split(/\|(?![^(]*\))/u),
      ),
    },
  ];
}

type Where = Omit<Finding, 'offset'> & { readonly at: number };
const known = new Map<string, readonly Where[]>();

/** What a text has that the rules forbid. */
export function examine({ kind, content, offsets }: Text): Finding[] {
  const key = `${kind}\n${content}`;
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = examineContent(content, kind)));
  return found.map(({ at, ...finding }) => ({ ...finding, offset: offsets[at] ?? offsets.at(-1) ?? 0 }));
}

// The same length, so that offsets stay: each clause is a sentence for the matcher.
function withClauses(content: string): string {
  return content
    .replaceAll(/(?<=[\p{Letter}\p{Number}`)'"…])[:;](?=\s)/gu, '.')
    .replaceAll(/(?<=\p{Letter})\s[–—](?=\s)/gu, '. ')
    .replaceAll(/[*_]/gu, ' ');
}

interface Term {
  readonly pre: string;
  readonly text: string;
  readonly post: string;
}

function examineContent(content: string, _kind: Kind): Where[] {
  const found: Where[] = [];
  const doc = nlp(withClauses(content));
  const sentences = doc.document as unknown as readonly (readonly Term[])[];
  const starts: number[][] = [];
  let offset = 0;
  for (const terms of sentences) {
    starts.push(
      terms.map(({ pre, text, post }) => {
        const start = offset + pre.length;
        offset = start + text.length + post.length;
        return start;
      }),
    );
  }
  const sentenceOf = sentenceNumbers(content, starts);
  for (const rule of compiled) {
    const spans = find(doc, rule.nets);
    if (spans.length === 0) continue;
    const exceptions = rule.exceptions.length === 0 ? [] : find(doc, rule.exceptions);
    const reported = new Set<number>();
    for (const [clause, from, to] of spans) {
      if (reported.has(clause) && rule.id !== 'word') continue;
      if (rule.isForOpening === true && clause > 0) continue;
      if (exceptions.some(([other, first, last]) => other === clause && first < to && from < last)) continue;
      if (rule.isAllowedInQuestions === true && isQuestion(sentences[clause] ?? [])) continue;
      reported.add(clause);
      const terms = (sentences[clause] ?? []).slice(from, to);
      found.push({
        rule: rule.id,
        message: rule.message,
        excerpt: terms.map(({ text }) => text).join(' '),
        at: starts[clause]?.[from] ?? 0,
      });
    }
  }
  found.push(...lengths(sentences, starts, sentenceOf));
  return found.toSorted((a, b) => a.at - b.at);
}

function isQuestion(terms: readonly Term[]): boolean {
  return terms.at(-1)?.post.includes('?') === true;
}

type Span = readonly [clause: number, from: number, to: number];

function find(doc: ReturnType<typeof nlp>, patterns: readonly ReturnType<typeof nlp.parseMatch>[]): Span[] {
  return patterns.flatMap((pattern) => doc.match(pattern).fullPointer.map(([clause, from, to]) => [clause, from, to] as Span));
}

/** For each clause the number of its sentence: clauses that a colon or a semicolon parts are of one sentence. */
function sentenceNumbers(content: string, starts: readonly (readonly number[])[]): number[] {
  let sentence = 0;
  return starts.map(([start = 0], clause) => {
    if (clause > 0 && !/[:;–—]\s*\S?$/u.test(content.slice(0, start))) sentence += 1;
    return sentence;
  });
}

const pronouns = new Set(['it', 'its', 'they', 'them', 'their', 'one', 'ones', 'those', 'itself', 'themselves', 'theirs']);

function lengths(sentences: readonly (readonly Term[])[], starts: readonly (readonly number[])[], sentenceOf: readonly number[]): Where[] {
  const found: Where[] = [];
  for (let sentence = 0; sentence <= (sentenceOf.at(-1) ?? -1); sentence++) {
    const clauses = sentences.filter((_terms, clause) => sentenceOf[clause] === sentence);
    const terms = clauses
      .flat()
      .map(({ text }) => text.toLowerCase())
      .filter((text) => text !== '');
    const at = starts[sentenceOf.indexOf(sentence)]?.[0] ?? 0;
    if (terms.length > limits.wordsInSentence) {
      found.push({ rule: 'sentence-length', message: `at most ${limits.wordsInSentence} words`, excerpt: `${terms.length} words`, at });
    }
    const count = terms.filter((text) => pronouns.has(text)).length;
    if (count >= limits.pronounsInSentence) {
      found.push({ rule: 'it-chain', message: 'repeat the nouns', excerpt: `${count} pronouns`, at });
    }
  }
  return found;
}
