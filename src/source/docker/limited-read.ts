import type { Readable } from 'node:stream';

/** An answer was longer than it may be. */
export class TooLong extends Error {
  override name = 'TooLong';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`it is longer than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

type Bytes = AsyncIterable<unknown>;

/**
 * Reads a stream to its end.
 * @throws TooLong as soon as it is longer than that; the stream is then destroyed
 */
export function readLimited(stream: Readable, maxBytes: number): Promise<Buffer> {
  const read = createCollector();
  // By its events: this is done at every look, and an iterator takes the processor several times as long.
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      if (read.length() + chunk.length > maxBytes) stream.destroy(new TooLong(maxBytes));
      else read.add(chunk);
    });
    stream.on('end', () => resolve(read.take()));
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('it was cut short')));
  });
}

/**
 * Reads the beginning of a stream, and drops the rest.
 * @throws TooLong where there is more to drop than that
 */
export async function readBeginning(stream: Bytes, keptBytes: number, maxBytes: number): Promise<Buffer> {
  const read = createCollector();
  let length = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > maxBytes) throw new TooLong(maxBytes);
    read.add(bytes.subarray(0, keptBytes - read.length()));
  }
  return read.take();
}

/** Reads the beginning of a stream, and closes it where there is more. */
export async function readFirst(stream: Bytes, keptBytes: number): Promise<Buffer> {
  const read = createCollector();
  for await (const chunk of stream) {
    read.add((chunk as Buffer).subarray(0, keptBytes - read.length()));
    if (read.length() === keptBytes) break;
  }
  return read.take();
}

/**
 * The lines of a stream, as they come. What stands behind the last line end is no line.
 * @param keptBytes a longer line is skipped
 * @throws TooLong when a line has not ended after so many bytes
 */
export async function* readLines(stream: Bytes, keptBytes: number, maxBytes: number): AsyncGenerator<string> {
  const line = createCollector();
  let length = 0;
  const take = (part: Buffer): void => {
    length += part.length;
    if (length <= keptBytes) line.add(part);
  };
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    let from = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, from)) {
      take(bytes.subarray(from, end));
      const text = line.take().toString('utf8');
      if (length <= keptBytes) yield text;
      length = 0;
      from = end + 1;
    }
    take(bytes.subarray(from));
    if (length > maxBytes) throw new TooLong(maxBytes);
  }
}

const newline = 0x0a;
const firstBytes = 4096;

/** Puts pieces together. Kept one by one, a megabyte that comes byte by byte would take a hundred. */
function createCollector(): { length(): number; add(piece: Buffer): void; take(): Buffer } {
  let room = Buffer.alloc(0);
  let length = 0;
  return {
    length: () => length,
    add(piece) {
      if (length + piece.length > room.length) {
        const larger = Buffer.allocUnsafe(Math.max(firstBytes, 2 * room.length, length + piece.length));
        room.copy(larger, 0, 0, length);
        room = larger;
      }
      piece.copy(room, length);
      length += piece.length;
    },
    take() {
      const taken = room.subarray(0, length);
      room = Buffer.alloc(0);
      length = 0;
      return taken;
    },
  };
}
