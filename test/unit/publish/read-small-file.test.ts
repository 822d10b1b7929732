import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileRefused, readSmallFile } from '../../../src/publish/read-small-file.ts';
import { untrustedFiles } from '../../support/untrusted-files.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'small-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

it('reads a regular file up to the limit, and a missing file as undefined', async () => {
  expect(await readSmallFile(path, 10)).toBeUndefined();
  expect(await readSmallFile(join(folder, 'none', 'file'), 10)).toBeUndefined();
  await writeFile(path, '');
  expect(await readSmallFile(path, 0)).toBe('');
  await writeFile(path, 'zehn: äöü');
  expect(await readSmallFile(path, 12)).toBe('zehn: äöü');
  await expect(readSmallFile(path, 11)).rejects.toThrow(`${path} is 12 bytes long, more than the limit of 11`);
});

it.each(Object.entries(untrustedFiles.notRegular))('refuses %s at once, and says what to do', async (_, make) => {
  await writeFile(join(folder, 'outside'), '');
  await make(path, folder);
  const refusal: unknown = await readSmallFile(path, 1000).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(FileRefused);
  expect(String(refusal)).toMatch(/^FileRefused: \S+ is .*; remove it$/);
});

it('reads the rest of a file that shrinks meanwhile, and refuses a file that grows', async () => {
  await writeFile(path, 'x'.repeat(1_000_000));
  const results = await Promise.allSettled([
    ...Array.from({ length: 20 }, () => readSmallFile(path, 1_000_000)),
    appendFile(path, 'y'.repeat(1_000_000)),
    truncate(path, 10),
  ]);
  for (const result of results.slice(0, 20)) {
    if (result.status === 'fulfilled') expect(String(result.value).length).toBeLessThanOrEqual(1_000_000);
    else expect(result.reason).toBeInstanceOf(FileRefused);
  }
});
