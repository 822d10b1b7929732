import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { compileSet } from '../../../src/render/template-store.ts';
import { editionOf } from '../../../src/rollout/edition.ts';
import { parseKept, writeKept } from '../../../src/rollout/kept-text.ts';
import { edition, structure } from './sketch.ts';

const refused = [{ key: 'k', words: '[emerg] no', content: 'server {' }];
const texts: readonly (readonly [string, string])[] = [['routing.conf.eta', '<% process.exit(99) %><%= it.generation %>']];

it('stores the good edition and the refusals, with only a hash of the templates', () => {
  const kept = { good: edition('0123456789abcdef', ['/api:5s', '/files']), refused, lives: 'f 1' };
  expect(parseKept(writeKept(kept), 'meet')).toEqual(kept);
  expect(parseKept(writeKept({ refused: [], lives: '' }), 'meet')).toEqual({ refused: [], lives: '' });
});

it('reads the data of an older file that has the texts of templates', () => {
  const old = { format: 2, good: { templates: texts, structure: structure(['/api']) }, refused, settledFor: 'w', lives: 'f 1' };
  const { key } = compileSet(new Map(texts));
  expect(parseKept(JSON.stringify(old), 'meet')).toEqual({
    good: editionOf(key, old.good.structure),
    refused,
    lives: 'f 1',
  });
  expect(key).toBe(createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16));
});

it('ignores the search results that earlier versions stored', () => {
  for (const settledFor of ['w', [], null])
    expect(parseKept(JSON.stringify({ ...fine, settledFor }), 'meet')).toEqual(parseKept(JSON.stringify(fine), 'meet'));
});

const fine = { format: 3, good: { templates: 'x', structure: structure(['/api']) }, refused, lives: '' };
const location = { kind: 'exact', path: '/x', upstream: 'u' };
const withLocation = (one: unknown): unknown => ({
  ...fine,
  good: { ...fine.good, structure: structure([], { groups: [{ title: 't', locations: [one] }] as never }) },
});
const withStructure = (more: object): unknown => ({ ...fine, good: { ...fine.good, structure: { ...structure([]), ...more } } });

it('accepts the valid file that the cases below change', () => {
  expect(parseKept(JSON.stringify(fine), 'meet')?.refused).toEqual(refused);
  expect(parseKept(JSON.stringify(withLocation(location)), 'meet')?.refused).toEqual(refused);
});

it.each<[string, unknown]>([
  ['null', null],
  ['a list', [fine]],
  ['refusals that are not a list', { ...fine, refused: {} }],
  ['null among refusals', { ...fine, refused: [null] }],
  ['a refusal without words', { ...fine, refused: [{ key: 'k', content: '' }] }],
  ['a number as lives', { ...fine, lives: 1 }],
  ['missing lives', { ...fine, lives: undefined }],
  ['null as good', { ...fine, good: null }],
  ['templates of neither kind', { ...fine, good: { ...fine.good, templates: [['a']] } }],
  ['a missing structure', { ...fine, good: { templates: 'x' } }],
  ['the structure of another instance', withStructure({ instance: 'other' })],
  ['an unknown field', withStructure({ more: 1 })],
  ['a field of the prototype', withStructure({ constructor: 1 })],
  ['groups that are null', withStructure({ groups: null })],
  ['a string as port', withStructure({ listenPort: '8083' })],
  ['a port out of range', withStructure({ spaPort: 65_536 })],
  ['services with numbers', withStructure({ services: [1] })],
  ['an unknown balance', withStructure({ services: [{ name: 'a', title: 'a', balance: 'x' }] })],
  ['a webhook without a path', withStructure({ webhooks: [{}] })],
  ['a string of a megabyte', withStructure({ bodySize: 'x'.repeat(1_000_000) })],
  ['a location without a path', withLocation({ kind: 'exact' })],
  ['a location of another kind', withLocation({ ...location, kind: 'regex' })],
  ['networks that are not a list', withLocation({ ...location, allow: 'all' })],
  ['a string as media', withLocation({ ...location, media: 'x' })],
])('refuses %s', (_, value) => {
  expect(() => parseKept(JSON.stringify(value), 'meet')).toThrow(/^it/);
});

it.each(['', '{', 'x', '['.repeat(200_000)])('refuses invalid JSON', (text) => {
  expect(() => parseKept(text, 'meet')).toThrow(SyntaxError);
});

it('ignores an unknown format', () => {
  for (const format of [1, 4, '3', undefined]) expect(parseKept(JSON.stringify({ ...fine, format }), 'meet')).toBeUndefined();
});

it('writes a format that earlier versions ignore: they would compile the templates in it', () => {
  expect((JSON.parse(writeKept({ refused: [], lives: '' })) as { format: number }).format).toBeGreaterThan(2);
});
