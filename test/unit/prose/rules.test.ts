import { describe, expect, it } from 'vitest';
import { examine } from '../../prose/examine.ts';
import { rules, words } from '../../prose/rules.ts';
import { TextBuilder, type Kind } from '../../prose/text.ts';
import { examples, kept } from './house-examples.ts';
import { heldOut, sampled, written } from './old-manner.ts';
import { plainEnglish } from './plain-english.ts';

function findRules(text: string, kind: Kind = 'comment'): string[] {
  const builder = new TextBuilder();
  builder.add(text, 0);
  return examine(builder.build(kind)).map(({ rule }) => rule);
}

function findConstructions(text: string): string[] {
  return findRules(text).filter((rule) => rule !== 'sentence-length');
}

describe('the examples of the rules', () => {
  it.each(examples)('refuses: $now', ({ now }) => {
    expect(findConstructions(now)).not.toEqual([]);
  });

  it.each(examples)('accepts: $better', ({ better }) => {
    expect(findRules(better)).toEqual([]);
  });

  it.each(kept)('accepts: %s', (text) => {
    expect(findRules(text)).toEqual([]);
  });
});

describe('sentences in the old manner', () => {
  it.each([
    ['written before the rules', written],
    ['drawn from the repository for tuning', sampled.map(({ text }) => text)],
    ['drawn from the repository and kept out of tuning', heldOut.map(({ text }) => text)],
  ])('finds at least 8 of 10: %s', (_, texts) => {
    const missed = texts.filter((text) => findConstructions(text).length === 0);
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(0.2 * texts.length);
  });

  it('has patterns of at most four words in a row, so none is a whole sentence', () => {
    const patterns = [...Object.keys(words).flatMap((key) => key.split('|')), ...rules.flatMap(({ match }) => match)];
    const long = patterns.filter((pattern) => /(?:\b[a-z']+ ){4}[a-z']+\b/u.test(pattern.replaceAll(/\([^)]*\)/gu, '|')));
    expect(long).toEqual([]);
  });
});

describe('plain English of other projects', () => {
  it('raises at most 2 false alarms in 40 sentences', () => {
    expect(plainEnglish).toHaveLength(40);
    const flagged = plainEnglish.filter(([, text]) => findConstructions(text).length > 0);
    expect(flagged.length, flagged.join('\n')).toBeLessThanOrEqual(2);
  });
});

describe('each rule', () => {
  const cases: readonly (readonly [rule: string, refused: string, accepted: string])[] = [
    ['word', 'The pass reads the list afresh.', 'The pass reads the list again.'],
    ['one-that', 'A frontend, or one that stops.', 'A network with the engine, and one with the frontends.'],
    ['what-clause', 'What nginx refuses is logged.', 'What happens when nginx refuses a file?'],
    ['who-clause', 'Logs who answers.', 'Helps users who run several instances.'],
    ['nobody', 'The file harms nobody.', 'The file harms no replica.'],
    ['told', 'The hook is told to reload.', 'Tell nginx to reload.'],
    ['verb-of', 'The engine knows of the container.', 'The engine knows the container.'],
    ['double-negation', 'The pass neither writes nor signals.', 'The pass writes not only the file but also the lock.'],
    ['inverted', 'Of two claims, the older wins.', 'The older of two claims wins.'],
    ['is-to-be', 'The file that is to be published.', 'The file has to be published.'],
    ['as-it-is', 'A failed pass leaves the file as it is.', 'The prober uses the address as it is resolving names.'],
    ['none', 'A new container had none.', 'None of the containers had an address.'],
    ['no-more', 'The container has a name no more.', 'The list holds no more than 200 containers.'],
    ['gone', 'The container is gone.', 'The list has gone through the parser.'],
    ['pronoun-first', 'It waits for the lock.', 'The writer waits for the lock.'],
    ['there', 'The folder is there already.', 'There is a folder already.'],
    ['is-no', 'A missing answer is no verdict.', 'There is no verdict.'],
    ['be-what', 'The lock: that is how the second process waits.', 'This is why the second process waits.'],
    ['where-if', 'Where the label is missing, the default holds.', 'If the label is missing, the default holds.'],
    ['ending', 'The log has the cause of it.', 'The log has all of them.'],
    [
      'it-chain',
      'The lock has its owner, and it lists them.',
      'The lock has its owner, and the pass lists the processes that wait for it.',
    ],
    ['sentence-length', `The list holds ${'very '.repeat(25)}many containers.`, `The list holds ${'very '.repeat(15)}many containers.`],
  ];

  it.each(cases)('%s refuses: %s', (rule, refused) => {
    expect(findRules(refused)).toContain(rule);
  });

  it.each(cases)('%s accepts the alternative of: %s', (rule, _, accepted) => {
    expect(findRules(accepted)).not.toContain(rule);
  });

  it('accepts headings that name a topic by "what" or "who"', () => {
    expect(findRules('What changes with meet-gen', 'heading')).toEqual([]);
    expect(findRules('What changes with meet-gen', 'markdown')).toEqual(['what-clause']);
  });

  it('accepts headings that name a topic by "where"', () => {
    expect(findRules('Where the time goes', 'heading')).toEqual([]);
    expect(findRules('Where the time goes, the log shows it.')).toEqual(['where-if']);
  });

  it.each(['The page shows what changed.', 'The log differs from what labels ask for.', 'The operator decides by what the log shows.'])(
    'accepts "what" in an object: %s',
    (text) => {
      expect(findRules(text)).toEqual([]);
    },
  );

  it.each(['What a page repeats becomes a link.', 'The log has what is gone.', 'That is what changed.', 'The log, what changed.'])(
    'refuses "what" elsewhere: %s',
    (text) => {
      expect(findRules(text)).toContain('what-clause');
    },
  );

  it('ends a sentence after a unit', () => {
    const sentence = 'The container has to run for another 5 s. ';
    expect(findRules(sentence.repeat(4))).toEqual([]);
  });

  it('refuses a test name that continues the name before', () => {
    expect(findRules('nor when the lock is held', 'test name')).toContain('connector-first');
    expect(findRules('And so on.', 'comment')).not.toContain('connector-first');
  });

  it('has a case here', () => {
    const tested = new Set([...cases.map(([rule]) => rule), 'connector-first']);
    expect(rules.filter(({ id }) => !tested.has(id)).map(({ id }) => id)).toEqual([]);
  });
});
