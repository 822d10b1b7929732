import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readBeginning, readFirst, readLimited, readLines, TooLong } from '../../../../src/source/docker/limited-read.ts';

const stream = (...chunks: readonly string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

/** Pieces without an end, counted. */
function endless(piece: string): { readonly source: Readable; taken(): number } {
  let taken = 0;
  const source = Readable.from(
    (function* pieces() {
      for (;;) {
        taken += 1;
        yield Buffer.from(piece);
      }
    })(),
  );
  return { source, taken: () => taken };
}

describe('readLimited', () => {
  it.each([[['']], [['abc']], [['a', 'bc', '']], [['ab', 'c']]])('puts %j together up to its limit', async (chunks) => {
    expect((await readLimited(stream(...chunks), 3)).toString()).toBe(chunks.join(''));
  });

  it('puts a megabyte together that comes byte by byte', async () => {
    const bytes = await readLimited(Readable.from(Array.from({ length: 2 ** 20 }, (_, index) => Buffer.from([index & 255]))), 2 ** 20);
    expect(bytes).toHaveLength(2 ** 20);
    expect([bytes[0], bytes[4097], bytes.at(-1)]).toEqual([0, 1, 255]);
  });

  it('ends what has no end', async () => {
    const { source, taken } = endless('x'.repeat(1000));
    await expect(readLimited(source, 10_000)).rejects.toThrow(TooLong);
    expect(taken()).toBeLessThan(50);
    expect(source.destroyed).toBe(true);
  });
});

describe('readBeginning', () => {
  it('keeps the beginning, and drops the rest', async () => {
    expect((await readBeginning(stream('abc', 'def', 'gh'), 4, 8)).toString()).toBe('abcd');
  });

  it('ends what has no end', async () => {
    const { source, taken } = endless('x'.repeat(1000));
    await expect(readBeginning(source, 10, 10_000)).rejects.toThrow(TooLong);
    expect(taken()).toBeLessThan(50);
  });
});

describe('readFirst', () => {
  it.each([
    [['ab', 'c'], 'abc'],
    [['abc', 'def'], 'abcd'],
    [['abcd', 'e'], 'abcd'],
  ])('of %j takes %s', async (chunks, text) => {
    expect((await readFirst(stream(...chunks), 4)).toString()).toBe(text);
  });

  it('closes what has no end', async () => {
    const { source, taken } = endless('x'.repeat(1000));
    expect(await readFirst(source, 10_000)).toHaveLength(10_000);
    expect(taken()).toBeLessThan(50);
    expect(source.destroyed).toBe(true);
  });
});

async function linesOf(source: Readable, kept = 5, most = 20): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of readLines(source, kept, most)) lines.push(line);
  return lines;
}

describe('readLines', () => {
  it.each([
    [['a\nb\n'], ['a', 'b']],
    [
      ['a', 'b\nc', '\n'],
      ['ab', 'c'],
    ],
    [['\n\na\n'], ['', '', 'a']],
    [['é\n'.slice(0, 1), '\n'], ['é']],
    [['a\nunfinished'], ['a']],
    [['12345\n123456\n12345\n'], ['12345', '12345']],
    [['123', '456', '789\nab', 'c\n'], ['abc']],
  ])('of %j are %j', async (chunks, lines) => {
    expect(await linesOf(stream(...chunks))).toEqual(lines);
  });

  it('puts a letter together whose bytes come one by one', async () => {
    const bytes = Buffer.from('ß🙂\n');
    expect(await linesOf(Readable.from([...bytes].map((byte) => Buffer.from([byte]))), 10)).toEqual(['ß🙂']);
  });

  it('end with what has no end', async () => {
    const { source, taken } = endless('xyz');
    await expect(linesOf(source)).rejects.toThrow(TooLong);
    expect(taken()).toBeLessThan(50);
    expect(source.destroyed).toBe(true);
  });
});
