import { expect, test } from 'vitest';
import { readTar } from '../../../../src/doctor/collect/tar.ts';
import { tarArchive } from '../../../support/tar-archive.ts';

test('the files of an archive, empty ones and ones of a whole block included', () => {
  const files = { 'conf.d/default.conf': 'server {}\n', 'conf.d/empty.conf': '', 'conf.d/block.conf': 'x'.repeat(512), 'é.conf': 'é' };
  expect(Object.fromEntries(readTar(Buffer.from(tarArchive(files))))).toEqual(files);
});

test('no file is no file', () => {
  expect(readTar(Buffer.alloc(1024)).size).toBe(0);
  expect(readTar(Buffer.alloc(0)).size).toBe(0);
});

test('folders and links are left out', () => {
  const archive = Buffer.from(tarArchive({ 'conf.d/': '', 'conf.d/link': '', 'conf.d/file': 'text' }));
  archive.write('5', 156);
  archive.write('2', 512 + 156);
  expect([...readTar(archive).keys()]).toEqual(['conf.d/file']);
});

test('an archive that is cut short is a failure, never half a file', () => {
  const archive = Buffer.from(tarArchive({ a: 'x'.repeat(600) }));
  expect(() => readTar(archive.subarray(0, 700))).toThrow(/cut short/);
  archive.write('no number', 124);
  expect(() => readTar(archive)).toThrow(/without a size/);
});
