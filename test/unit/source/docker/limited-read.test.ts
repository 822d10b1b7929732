import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readBeginning, readFirst, readLimited, readLines, TooLongError } from '../../../../src/source/docker/limited-read.ts';

const stream = (...chunks: readonly string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

/** An endless stream of pieces, counted. */
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
  it.each([[['']], [['abc']], [['a', 'bc', '']], [['ab', 'c']]])('joins %j up to its limit', async (chunks) => {
    expect((await readLimited(stream(...chunks), 3)).toString()).toBe(chunks.join(''));
  });

  it('joins a megabyte that arrives byte by byte', async () => {
    const bytes = await readLimited(Readable.from(Array.from({ length: 2 ** 20 }, (_, index) => Buffer.from([index & 255]))), 2 ** 20);
    expect(bytes).toHaveLength(2 ** 20);
    expect([bytes[0], bytes[4097], bytes.at(-1)]).toEqual([0, 1, 255]);
  });

  it('stops an endless stream at the limit', async () => {
    const { source, taken } = endless('x'.repeat(1000));
    await expect(readLimited(source, 10_000)).rejects.toThrow(TooLongError);
    expect(taken()).toBeLessThan(50);
    expect(source.destroyed).toBe(true);
  });
});

describe('readBeginning', () => {
  it('keeps the beginning and drops the rest', async () => {
    expect((await readBeginning(stream('abc', 'def', 'gh'), 4, 8)).toString()).toBe('abcd');
  });

  it('stops an endless stream at the limit', async () => {
    const { source, taken } = endless('x'.repeat(1000));
    await expect(readBeginning(source, 10, 10_000)).rejects.toThrow(TooLongError);
    expect(taken()).toBeLessThan(50);
  });
});

describe('readFirst', () => {
  it.each([
    [['ab', 'c'], 'abc'],
    [['abc', 'def'], 'abcd'],
    [['abcd', 'e'], 'abcd'],
  ])('reads the beginning of %j: %s', async (chunks, text) => {
    expect((await readFirst(stream(...chunks), 4)).toString()).toBe(text);
  });

  it('closes an endless stream at the limit', async () => {
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
  ])('splits %j into %j', async (chunks, lines) => {
    expect(await linesOf(stream(...chunks))).toEqual(lines);
  });

  it('joins a letter whose bytes arrive one by one', async () => {
    const bytes = Buffer.from('ß🙂\n');
    expect(await linesOf(Readable.from([...bytes].map((byte) => Buffer.from([byte]))), 10)).toEqual(['ß🙂']);
  });

  it('fails at an endless line', async () => {
    const { source, taken } = endless('xyz');
    await expect(linesOf(source)).rejects.toThrow(TooLongError);
    expect(taken()).toBeLessThan(50);
    expect(source.destroyed).toBe(true);
  });
});
