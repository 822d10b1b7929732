import { describe, expect, it } from 'vitest';
import { countEdits } from '../../../src/model/edits.ts';
import { labelTable, roles, routeTable } from '../../../src/model/label-table.ts';
import { isMeantForMeetGen, readLabels } from '../../../src/model/labels.ts';
import { nearest, sameLetters } from '../../../src/model/nearest.ts';
import { optionTable, OptionsError, readOptions } from '../../../src/options.ts';
import { container } from '../../support/containers.ts';

const keys = Object.values(labelTable).map(({ key }) => key);
const attributes = Object.values(routeTable).map(({ key }) => key.slice(key.lastIndexOf('.') + 1));
const variables = Object.values(optionTable).map(({ variable }) => variable);

/** Each position in a word, with the text before and after it. */
const places = (word: string): readonly (readonly [before: string, letter: string, after: string])[] =>
  Array.from(word, (letter, index) => [word.slice(0, index), letter, word.slice(index + 1)] as const);

/** A word with one typo of each kind, at each position. */
const typos: Readonly<Record<string, (word: string) => readonly string[]>> = {
  'swapped letters': (word) =>
    places(word).flatMap(([before, letter, after]) => (after === '' ? [] : `${before}${after[0]}${letter}${after.slice(1)}`)),
  'a letter missing': (word) => places(word).map(([before, , after]) => before + after),
  'a letter doubled': (word) => places(word).map(([before, letter, after]) => before + letter + letter + after),
  'a wrong letter': (word) => places(word).map(([before, , after]) => `${before}q${after}`),
  'a capital': (word) => places(word).map(([before, letter, after]) => before + letter.toUpperCase() + after),
  'an underscore for dash or dot': (word) => [word.replaceAll(/[-.]/g, '_')],
  'no dash or dot': (word) => [word.replaceAll(/[-.]/g, '')],
  'a plural, or a singular': (word) => [word.endsWith('s') ? word.slice(0, -1) : `${word}s`],
};

/** Words of other proxies and tools, and words that users may expect. */
const otherWords = [
  'url',
  'name',
  'enable',
  'tls',
  'domain',
  'scheme',
  'rule',
  'priority',
  'entrypoints',
  'middlewares',
  'loadbalancer',
  'server',
  'proto',
  'timeout',
  'redirect',
  'auth',
  'user',
  'type',
  'mode',
  'version',
  'image',
  'limit',
  'sticky',
  'address',
  'alias',
  'root',
  'cert',
  'email',
];

/** The cure of the first problem of a label on a backend. */
function adviceOn(key: string): string | undefined {
  return readLabels(container({ name: 'c', labels: { 'meet.role': 'backend', [key]: 'x' } })).problems.find((item) => item.key === key)
    ?.cure;
}

const adviceOnAttribute = (text: string): string => adviceOn(`meet.route.one.${text}`) ?? '';

/** The message about a variable. */
const linesOf = (variable: string): readonly string[] => {
  try {
    readOptions('run', {}, { [variable]: 'x' });
  } catch (error) {
    if (error instanceof OptionsError) return error.lines;
  }
  return [];
};

describe('a mistyped label', () => {
  for (const [kind, mistype] of Object.entries(typos)) {
    it.each(keys)(`${kind}: %s is suggested`, (key) => {
      const stem = key.slice('meet.'.length);
      for (const typo of new Set(mistype(stem)))
        if (!keys.includes(`meet.${typo}`)) expect(adviceOn(`meet.${typo}`), typo).toBe(`did you mean ${key}?`);
    });
  }

  it.each(otherWords)('meet.%s gets no hint', (word) => {
    expect(adviceOn(`meet.${word}`)).toBe('remove it, or see the label table');
  });

  it('a label that the container already has is not suggested', () => {
    const { problems } = readLabels(container({ name: 'c', labels: { 'meet.role': 'backend', 'meet.port': '80', 'meet.pott': '81' } }));
    expect(problems).toMatchObject([{ key: 'meet.pott', cure: 'remove it, or see the label table' }]);
  });

  it('two equally near labels give no hint', () => {
    expect(adviceOn('meet.post')).toBe('remove it, or see the label table');
  });

  it.each(['met.port', 'emet.port', 'meet_role', 'Meet.Role', 'meet.roel', 'mee.paths'])('%s counts as a label for meet-gen', (key) => {
    expect(isMeantForMeetGen(key)).toBe(true);
  });
});

describe('a mistyped role', () => {
  for (const [kind, mistype] of Object.entries(typos)) {
    it.each(roles)(`${kind}: %s is suggested`, (role) => {
      for (const typo of mistype(role)) if (typo !== role) expect(nearest(typo, roles), typo).toBe(role);
    });
  }

  it.each([
    'web',
    'nginx',
    'app',
    'api',
    's3',
    'minio',
    'server',
    'proxy',
    'worker',
    'celery',
    'redis',
    'postgres',
    'db',
    'meet',
    'front',
    'spa',
  ])('%s gets no hint', (role) => {
    const [problem] = readLabels(container({ name: 'c', labels: { 'meet.role': role } })).problems;
    expect(problem).toMatchObject({ code: 'bad-role', cure: `use one of ${roles.join(', ')}` });
  });
});

describe('a mistyped attribute of a route', () => {
  /** Equally near to port and proto. */
  const ambiguous = ['prot', 'porto'];

  it.each(attributes)('%s is suggested', (attribute) => {
    for (const mistype of Object.values(typos))
      for (const typo of mistype(attribute))
        if (![...attributes, ...ambiguous].includes(typo))
          expect(adviceOnAttribute(typo), typo).toBe(`did you mean meet.route.one.${attribute}?`);
  });

  it.each([...ambiguous, 'url', 'host', 'rule', 'prefix', 'tls', 'scheme', 'timeout'])('%s gets no hint', (text) => {
    expect(adviceOnAttribute(text)).toContain('use meet.route.<name>.<attribute>');
  });
});

describe('a mistyped variable', () => {
  const ours = variables.filter((variable) => variable.startsWith('MEET_GEN_'));

  it.each(ours)('%s is suggested', (variable) => {
    const stem = variable.slice('MEET_GEN_'.length);
    for (const [kind, mistype] of Object.entries(typos)) {
      for (const typo of kind === 'a capital' ? [] : mistype(stem)) {
        if (!variables.includes(`MEET_GEN_${typo}`))
          expect(linesOf(`MEET_GEN_${typo}`), typo).toEqual([expect.stringContaining(`did you mean ${variable}?`)]);
      }
    }
  });

  it.each(['PORT', 'HOST', 'URL', 'DEBUG', 'DOCKER', 'NAME', 'CONFIG'])('MEET_GEN_%s gets no hint', (word) => {
    expect(linesOf(`MEET_GEN_${word}`)).toEqual([`MEET_GEN_${word}: there is no such variable`]);
  });
});

describe('the nearest known word', () => {
  it.each([
    ['meet.prot', ['meet.port', 'meet.paths'], 'meet.port'],
    ['MEET.PORT', ['meet.port'], 'meet.port'],
    ['something else', ['meet.port'], undefined],
    ['x'.repeat(65), ['x'.repeat(64)], undefined],
    ['a', [], undefined],
    ['ac', ['ab'], undefined],
    ['abcx', ['abcd', 'abce'], undefined],
    ['abcx', ['abcd', 'abcd'], 'abcd'],
    ['meet_read-Timeout', ['meet.port', 'meet.read-timeout'], 'meet.read-timeout'],
    ['statusPort', ['meet.status-port', 'status-port'], 'status-port'],
    ['--', ['..'], undefined],
  ])('of %s among %j is %s', (word, known, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });

  it('has the same letters, or is missing', () => {
    expect(sameLetters('Meet_Role', ['meet.port', 'meet.role'])).toBe('meet.role');
    expect(sameLetters('meet.roles', ['meet.role'])).toBeUndefined();
  });
});

describe('edits', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['port', 'prot', 1],
    ['port', 'ports', 1],
    ['port', 'ort', 1],
    ['port', 'pott', 1],
    ['url', 'port', 3],
    ['ca', 'abc', 3],
    ['abcd', 'badc', 2],
  ])('between %j and %j: %i', (left, right, edits) => {
    expect(countEdits(left, right)).toBe(edits);
    expect(countEdits(right, left)).toBe(edits);
  });
});
