import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { publishFile, removeLeftCandidates, stageFile } from '../../../src/publish/atomic-file.ts';

let out: string;
let path: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'out-'));
  path = join(out, 'routing.conf');
});
afterEach(() => rm(out, { recursive: true }));

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

const contentOf = (index: number): string => `${index}\n`.repeat(20_000);

describe('publishing', () => {
  it('writes the content, and leaves no other file behind', async () => {
    expect(await publishFile(path, 'one')).toBe('written');
    expect(await publishFile(path, 'two')).toBe('written');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(out)).toEqual(['routing.conf']);
  });

  it("writes nothing if the content is the same: the file's inode and time stay", async () => {
    await publishFile(path, 'same');
    const before = await stat(path, { bigint: true });
    expect(await publishFile(path, 'same')).toBe('unchanged');
    const after = await stat(path, { bigint: true });
    expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([before.ino, before.mtimeNs, before.ctimeNs]);
  });

  it('repairs a changed or unreadable file', async () => {
    await publishFile(path, 'ours');
    await writeFile(path, 'theirs');
    expect(await publishFile(path, 'ours')).toBe('written');
    await chmod(path, 0o600);
    expect(await publishFile(path, 'ours')).toBe('written');
    expect(await modeOf(path)).toBe(0o644);
    expect(await readFile(path, 'utf8')).toBe('ours');
  });

  it('removes a candidate that a read-only disk has kept, and only of the same file', async () => {
    const [left, other] = [join(out, '.candidate-routing.conf-0123456789ab'), join(out, '.candidate-other.conf-0123456789ab')];
    await writeFile(left, 'x');
    await writeFile(other, 'x');
    expect(await publishFile(path, 'one')).toBe('written');
    expect((await readdir(out)).toSorted()).toEqual(['.candidate-other.conf-0123456789ab', 'routing.conf']);
  });

  it('stages a readable file, and removes it again', async () => {
    const nested = join(out, 'meet', 'routing.conf');
    const unstage = await stageFile(nested, 'one');
    expect([await readFile(nested, 'utf8'), await modeOf(nested)]).toEqual(['one', 0o644]);
    await unstage();
    expect(await readdir(join(out, 'meet'))).toEqual([]);
    await expect(stageFile(join(out, 'meet', 'a'.repeat(300)), 'x')).rejects.toThrow(/can't be written/);
  });

  it('makes the file readable for all users with any umask', async () => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    const nested = join(out, 'meet', 'routing.conf');
    await publishFile(path, 'x');
    await publishFile(nested, 'x');
    expect(await modeOf(path)).toBe(0o644);
    expect(await modeOf(nested)).toBe(0o644);
    expect(await modeOf(join(out, 'meet'))).toBe(0o755);
  });

  it('replaces the file: a reader of the old file can finish reading', async () => {
    await publishFile(path, 'one');
    const before = (await stat(path)).ino;
    await publishFile(path, 'two');
    expect((await stat(path)).ino).not.toBe(before);
  });

  it('replaces a dangling link', async () => {
    await symlink(join(out, 'nowhere'), path);
    await publishFile(path, 'x');
    expect(await readFile(path, 'utf8')).toBe('x');
  });

  it('fails if the path is a directory, and leaves no candidate', async () => {
    await mkdir(path);
    await expect(publishFile(path, 'x')).rejects.toThrow(/EISDIR/);
    expect(await readdir(out)).toEqual(['routing.conf']);
  });

  it('keeps the old file, and leaves no candidate, if the rename fails', async () => {
    const nested = join(out, 'meet');
    await publishFile(join(nested, 'routing.conf'), 'old');
    await expect(publishFile(join(nested, 'routing.conf', 'below'), 'x')).rejects.toThrow();
    expect(await readdir(nested)).toEqual(['routing.conf']);
    expect(await readFile(join(nested, 'routing.conf'), 'utf8')).toBe('old');
  });

  it('never shows a reader a torn or empty file, over 200 writes', async () => {
    await publishFile(path, contentOf(0));
    // The reader has its own thread, and reads as fast as it can during the writes.
    const reader = new Worker(
      `
      const { readFileSync } = require('node:fs');
      const { parentPort, workerData } = require('node:worker_threads');
      let reads = 0, bad = 0, stop = false;
      parentPort.on('message', () => (stop = true));
      const look = () => {
        for (let index = 0; index < 20; index += 1) {
          const lines = readFileSync(workerData, 'utf8').split('\\n');
          reads += 1;
          if (lines.length !== 20001 || new Set(lines.slice(0, -1)).size !== 1) bad += 1;
        }
        if (reads === 20 || reads === 120) parentPort.postMessage('reading');
        if (stop) return void (parentPort.postMessage({ reads, bad }), parentPort.close());
        setImmediate(look);
      };
      look();
      `,
      { eval: true, workerData: path },
    );
    const next = (): Promise<unknown> => new Promise((resolve, reject) => reader.once('message', resolve).once('error', reject));
    await next();
    const progress = { hasReadEnough: false };
    void next().then(() => (progress.hasReadEnough = true));
    for (let index = 1; index <= 200 || !progress.hasReadEnough; index += 1) await publishFile(path, contentOf(index));
    const verdict = next();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
    reader.postMessage('stop');
    expect(await verdict).toMatchObject({ bad: 0 });
    expect((await verdict) as { reads: number }).toHaveProperty('reads');
    expect(((await verdict) as { reads: number }).reads).toBeGreaterThan(100);
  });
});

describe('candidates that a killed process left', () => {
  it('are removed, and no other files', async () => {
    await writeFile(join(out, '.candidate-routing.conf-abc'), 'half');
    await writeFile(join(out, 'routing.conf'), 'whole');
    await writeFile(join(out, '.meet-gen.sock'), '');
    await removeLeftCandidates(out);
    expect((await readdir(out)).toSorted()).toEqual(['.meet-gen.sock', 'routing.conf']);
  });

  it('are not searched for in a missing directory', async () => {
    await removeLeftCandidates(join(out, 'nowhere'));
  });
});
