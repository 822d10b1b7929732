import { expect, test } from 'vitest';
import { readFrames } from '../../../../src/source/docker/frames.ts';

function frame(text: string, stream = 1, length = Buffer.byteLength(text)): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(length, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

test.each<[string, Buffer, string]>([
  ['both streams, in their order', Buffer.concat([frame('é\n', 1), frame('', 1), frame('b\n', 2)]), 'é\nb\n'],
  ['nothing', Buffer.alloc(0), ''],
  ['a terminal, without frames', Buffer.from('[emerg] a\n'), '[emerg] a\n'],
  ['a last frame that is cut', Buffer.concat([frame('a\n'), frame('[eme', 2, 2 ** 32 - 1)]), 'a\n[eme'],
])('%s', (_, bytes, text) => expect(readFrames(bytes)).toBe(text));

test('reads a log of 5,000 lines, and 4 MiB of frames with one byte each', () => {
  expect(readFrames(Buffer.concat(Array.from({ length: 5000 }, () => frame('x'.repeat(99) + '\n')))).split('\n')).toHaveLength(5001);
  expect(readFrames(Buffer.concat(Array.from({ length: 466_033 }, () => frame('x'))))).toHaveLength(466_033);
});
