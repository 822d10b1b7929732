import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReaderSecret } from '../../../../src/source/swarm/reader-secret.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mg-secret-'));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  ['0123456789abcdef', '0123456789abcdef'],
  ['0123456789abcdef\n', '0123456789abcdef'],
  ['0123456789abcdef\r\n', '0123456789abcdef'],
  [' 0123456789abcdef ', ' 0123456789abcdef '],
  ['0123456789\nabcdef\n', '0123456789\nabcdef'],
])('reads %j', async (content, expected) => {
  await writeFile(join(folder, 's'), content);
  expect((await readReaderSecret(join(folder, 's'))).toString()).toBe(expected);
});

it('reads any bytes', async () => {
  const bytes = Buffer.from([...Array(16).keys()].map((byte) => byte * 16 + 11));
  await writeFile(join(folder, 's'), bytes);
  expect(await readReaderSecret(join(folder, 's'))).toEqual(bytes);
});

it.each(['', '\n', '0123456789abcde', '0123456789abcde\n'])('refuses %j', async (content) => {
  await writeFile(join(folder, 's'), content);
  await expect(readReaderSecret(join(folder, 's'))).rejects.toThrow('can be guessed');
});

it('names a missing file', async () => {
  await expect(readReaderSecret(join(folder, 'missing'))).rejects.toThrow(`--reader-secret: ${join(folder, 'missing')} can't be read`);
});
