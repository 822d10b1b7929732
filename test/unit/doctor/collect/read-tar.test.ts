import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTar } from '../../../../src/doctor/collect/read-tar.ts';
import { tarArchive, tarHeader } from '../../../support/tar-archive.ts';

const end = Buffer.alloc(1024);

test('reads all files of an archive, also empty files and files of one full block', async () => {
  const files = { 'conf.d/default.conf': 'server {}\n', 'conf.d/empty.conf': '', 'conf.d/block.conf': 'x'.repeat(512), 'é.conf': 'é' };
  expect(Object.fromEntries(await readTar(tarArchive(files)))).toEqual(files);
});

test('reads an archive without files', async () => {
  expect((await readTar(end)).size).toBe(0);
});

test('leaves out folders and links', async () => {
  const headers = [tarHeader('conf.d/', 0, '5'), tarHeader('conf.d/link', 0, '2'), tarHeader('conf.d/file', 0)];
  expect([...(await readTar(Buffer.concat([...headers, end]))).keys()]).toEqual(['conf.d/file']);
});

test('reads a name of more than 100 bytes, from ustar and from an extended header', async () => {
  const folder = 'f'.repeat(90);
  const ustar = tarHeader('name.conf', 0, '0', folder);
  const record = Buffer.from(`114 path=${'g'.repeat(93)}/other.conf\n`.padEnd(512, '\0'));
  const extended = Buffer.concat([tarHeader('attributes', 114, 'x'), record, tarHeader('other.conf', 0)]);
  const found = await readTar(Buffer.concat([ustar, extended, end]));
  expect([...found.keys()]).toEqual([`${folder}/name.conf`, `${'g'.repeat(93)}/other.conf`]);
});

test('refuses a truncated archive, and never returns half a file', async () => {
  const archive = tarArchive({ a: 'x'.repeat(600) });
  for (const length of [0, 300, 512, 700, 1112, 1536])
    await expect(readTar(archive.subarray(0, length)), `${length}`).rejects.toThrow(/truncated/);
});

test('refuses a header without a size, and a changed header', async () => {
  await expect(readTar(Buffer.concat([tarHeader('a', 'no number'), end]))).rejects.toThrow(/number/);
  const changed = Buffer.from(tarArchive({ a: '' }));
  changed.write('b', 0);
  await expect(readTar(changed)).rejects.toThrow(/checksum/);
});

test('refuses a size beyond the archive without using memory', async () => {
  for (const size of [2 ** 32, '-0000000001']) await expect(readTar(Buffer.concat([tarHeader('a', size), end]))).rejects.toThrow();
});

test('limits the attributes for all entries', async () => {
  const records = Buffer.from(Array.from({ length: 600 }, (_, index) => `7 ${String(index).padStart(3, '0')}=\n`).join(''));
  const padding = Buffer.alloc(-records.length & 511);
  const archive = Buffer.concat([tarHeader('attributes', records.length, 'g'), records, padding, tarHeader('a', 0), end]);
  await expect(readTar(archive)).rejects.toThrow(/attributes/);
});

test('never returns more text than the archive has bytes', async () => {
  const block = fc.oneof(
    fc.uint8Array({ minLength: 512, maxLength: 512 }),
    fc
      .tuple(
        fc.string({ maxLength: 90 }),
        fc.oneof(fc.nat(2000), fc.string({ maxLength: 11 })),
        fc.constantFrom('0', '1', '5', 'L', 'K', 'x', 'g', 'S'),
      )
      .map(([name, size, type]) => tarHeader(name, size, type)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(block, { maxLength: 12 }), async (blocks) => {
      const archive = Buffer.concat([...blocks, end]);
      const found = await readTar(archive).catch(() => new Map<string, string>());
      const length = [...found.values()].reduce((sum, text) => sum + text.length, 0);
      expect(length).toBeLessThanOrEqual(archive.length);
    }),
  );
});
