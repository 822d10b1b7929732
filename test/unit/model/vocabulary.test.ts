import { describe, expect, it } from 'vitest';
import {
  nginxToken,
  parseBucket,
  parseEngineName,
  parseHealth,
  parseHosts,
  parseInstance,
  parseNginxDuration,
  parseNginxSize,
  parsePaths,
  parsePort,
  parseServiceName,
  parseSignedHost,
} from '../../../src/nginx/token.ts';
import { hostileTexts } from '../../attack/hostile-texts.ts';

/** The words that each grammar reads from a text. */
const grammars: Readonly<Record<string, (text: string) => readonly (string | number)[]>> = {
  instance: (text) => listOf(parseInstance(text)),
  service: (text) => listOf(parseServiceName(text)),
  'engine name': (text) => listOf(parseEngineName(text)),
  port: (text) => listOf(parsePort(text)),
  duration: (text) => listOf(parseNginxDuration(text)),
  size: (text) => listOf(parseNginxSize(text)),
  hosts: (text) => parseHosts(text) ?? [],
  paths: (text) => (parsePaths(text)?.rules ?? []).map(({ path }) => path),
  bucket: (text) => listOf(parseBucket(text)),
  'signed host': (text) => listOf(parseSignedHost(text)),
  health: (text) => {
    const health = parseHealth(text);
    return health === undefined ? [] : [health.by === 'http' ? health.path : health.by];
  },
};

/** The hostile texts that a grammar accepts, since they are harmless there. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  instance: ['generation', 'meet-spa', 'localhost', 'constructor', 'undefined', 'null', 'true', '1e3', '00080', '999999d', '65536'],
  service: [
    'BACKEND',
    'Backend',
    'FILES',
    'NaN',
    'toString',
    'hasOwnProperty',
    'Infinity',
    '0x1F90',
    '169.254.169.254',
    'meet-gen.invalid',
  ],
  port: [],
  duration: ['65536', '999999d'],
  size: ['65536', '999999999G'],
  hosts: ['169.254.169.254', 'localhost', 'BACKEND'],
  paths: ['/etc/passwd', '/files', '+/api', '=/'],
  health: [],
  bucket: [],
  'signed host': [],
};

describe('the vocabulary', () => {
  it.each(Object.keys(grammars))('%s: accepts only single nginx words from the hostile texts', (name) => {
    const taken = hostileTexts.filter((text) => (grammars[name]?.(text) ?? []).length > 0);
    for (const text of taken) for (const printed of grammars[name]?.(text) ?? []) expect(nginxToken(printed)).toBe(String(printed));
    // No accepted text is syntax for a shell, a terminal or nginx, or leads out of a folder. Around a list spaces are
    // layout.
    for (const text of taken) expect(text.trim()).not.toMatch(/[^A-Za-z0-9_.,/:@~+=*-]|^-|(^|\/)\.\.?(\/|$)/);
    for (const text of harmless[name] ?? []) expect(taken).toContain(text);
  });

  it.each(['port', 'duration', 'size', 'health'])('%s accepts only harmless hostile texts', (name) => {
    const taken = hostileTexts.filter((text) => (grammars[name]?.(text) ?? []).length > 0);
    expect(taken.filter((text) => !/^\d/.test(text))).toEqual(name === 'health' ? ['none'] : []);
  });

  it.each([
    ['meet_default', true],
    ['a'.repeat(128), true],
    ['0', true],
    ['a'.repeat(129), false],
    ['', false],
    ['-rf', false],
    ['..', false],
    ['a/b', false],
    ['a b', false],
    ['a\n', false],
    ['x\nserver{listen 1;}', false],
    ['é', false],
  ])('the name of a container or network %j is taken: %s', (text, expected) => {
    expect(parseEngineName(text) === text).toBe(expected);
  });
});

function listOf(value: string | number | undefined): readonly (string | number)[] {
  return value === undefined ? [] : [value];
}
