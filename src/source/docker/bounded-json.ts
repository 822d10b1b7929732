import { maxJsonParts } from './answer-limits.ts';

const [quote, backslash, comma, list, object] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/**
 * Parses the JSON of an answer, whose bytes are limited already. Text is cheap; lists, objects and what they hold are counted before
 * anything is made of them.
 * @throws Error when it is no JSON, or has more parts than that
 */
export function parseBoundedJson(bytes: Buffer, maxParts = maxJsonParts): unknown {
  if (bytes.length > maxParts && countParts(bytes, maxParts) > maxParts) throw new Error(`it has more than ${maxParts} parts`);
  return JSON.parse(bytes.toString('utf8'));
}

/** Stops counting when it is enough. */
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
