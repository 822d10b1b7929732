import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReaderSecret } from '../../../../src/source/swarm/reader-secret.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mg-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  const file = join(folder, 'secret');
  await writeFile(file, text);
  return file;
}

it.each([
  ['0123456789abcdef', '0123456789abcdef'],
  ['0123456789abcdef\n', '0123456789abcdef'],
  ['0123456789abcdef\r\n', '0123456789abcdef'],
  [' 0123456789 abc ', ' 0123456789 abc '],
  ['ééééÄÖÜß', 'ééééÄÖÜß'],
])('reads %j without its line end', async (text, secret) => {
  expect((await readReaderSecret(await fileWith(text))).toString()).toBe(secret);
});

it.each(['', '\n', '0123456789abcde', '0123456789abcde\n', '0123456789abcde\r\n'])('refuses %j, which is too short', async (text) => {
  await expect(readReaderSecret(await fileWith(text))).rejects.toThrow('bytes, fewer than 16; write a secret with: openssl rand -hex 32');
});

it('refuses a missing file', async () => {
  await expect(readReaderSecret(join(folder, 'none'))).rejects.toThrow("the file can't be read: ENOENT");
});
