import { maxJsonParts } from './answer-limits.ts';

const [quote, backslash, comma, list, object] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/**
 * Parses the JSON of an answer whose length is already limited. Strings cost little memory. Objects, lists and their
 * entries cost much more, so they are counted first.
 * @throws Error when the text isn't JSON, or has more than `maxParts` parts
 */
export function parseBoundedJson(bytes: Buffer, maxParts = maxJsonParts): unknown {
  if (bytes.length > maxParts && countParts(bytes, maxParts) > maxParts) throw new Error(`it has more than ${maxParts} parts`);
  return JSON.parse(bytes.toString('utf8'));
}

/** Stops as soon as the count is over `most`. */
function countParts(bytes: Buffer, most: number): number {
  let count = 0;
  let isText = false;
  for (let at = 0; at < bytes.length && count <= most; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) isText = !isText;
    else if (isText) at += byte === backslash ? 1 : 0;
    else if (byte === comma || byte === list || byte === object) count += 1;
  }
  return count;
}
