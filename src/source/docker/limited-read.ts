import type { Readable } from 'node:stream';

/** A stream has more bytes than its limit. */
export class TooLongError extends Error {
  override name = 'TooLongError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`it is longer than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

type Bytes = AsyncIterable<unknown>;

/**
 * Reads a stream to its end.
 * @throws TooLongError when the stream passes the limit, and destroys the stream
 */
export function readLimited(stream: Readable, maxBytes: number): Promise<Buffer> {
  const read = createCollector();
  // Uses events, since an iterator takes several times as much CPU, and every look reads a list.
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      if (read.length() + chunk.length > maxBytes) stream.destroy(new TooLongError(maxBytes));
      else read.add(chunk);
    });
    stream.on('end', () => resolve(read.take()));
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('it was cut short')));
  });
}

/**
 * Reads the beginning of a stream, and drops the rest.
 * @throws TooLongError when the stream passes `maxBytes`
 */
export async function readBeginning(stream: Bytes, keptBytes: number, maxBytes: number): Promise<Buffer> {
  const read = createCollector();
  let length = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > maxBytes) throw new TooLongError(maxBytes);
    read.add(bytes.subarray(0, keptBytes - read.length()));
  }
  return read.take();
}

/** Reads the beginning of a stream, and closes the stream at the limit. */
export async function readFirst(stream: Bytes, keptBytes: number): Promise<Buffer> {
  const read = createCollector();
  for await (const chunk of stream) {
    read.add((chunk as Buffer).subarray(0, keptBytes - read.length()));
    if (read.length() === keptBytes) break;
  }
  return read.take();
}

/**
 * Yields each line when it is complete. Text after the last line end is dropped.
 * @param keptBytes longer lines are skipped
 * @throws TooLongError when a line passes `maxBytes` without an end
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
    if (length > maxBytes) throw new TooLongError(maxBytes);
  }
}

const newline = 0x0a;
const firstBytes = 4096;

/** Joins pieces in one buffer. Kept as separate buffers, a megabyte that arrives byte by byte would take a hundred. */
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
