import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { decode } from 'fast-png';
import type { DecodedPng } from 'fast-png';

const isUpdate = process.env['UPDATE_PICTURES'] === '1';
const blockPixels = 16;
/** Of 255, averaged over a block: how letters are smoothed differs by less, a word that is missing by more. */
const mostDifference = 12;

/**
 * Holds a screenshot against the picture that is kept, by the colours of its blocks.
 * @param file PNG; written where UPDATE_PICTURES=1
 * @returns what is different, in words; undefined for nothing that an eye would see
 */
export function comparePicture(file: string, png: Uint8Array): string | undefined {
  if (isUpdate) {
    writeFileSync(file, png);
    return undefined;
  }
  const difference = existsSync(file) ? compare(decode(readFileSync(file)), decode(png)) : 'there is none to hold it against';
  if (difference === undefined) return undefined;
  const seen = join(tmpdir(), `seen-${basename(file)}`);
  writeFileSync(seen, png);
  return `${file}: ${difference}; what was seen is in ${seen}. If it is right, UPDATE_PICTURES=1 keeps it.`;
}

function compare(kept: DecodedPng, seen: DecodedPng): string | undefined {
  if (kept.width !== seen.width || kept.height !== seen.height)
    return `it was ${kept.width} by ${kept.height} pixels, and is ${seen.width} by ${seen.height}`;
  const places: string[] = [];
  for (let top = 0; top < kept.height; top += blockPixels)
    for (let left = 0; left < kept.width; left += blockPixels) {
      const [then, now] = [averageOf(kept, left, top), averageOf(seen, left, top)];
      if (then.some((value, channel) => Math.abs(value - (now[channel] ?? 0)) > mostDifference)) places.push(`${left},${top}`);
    }
  return places.length === 0 ? undefined : `${places.length} blocks look different, at ${places.slice(0, 8).join(' ')}`;
}

function averageOf({ data, width, height, channels }: DecodedPng, left: number, top: number): readonly [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  const [right, bottom] = [Math.min(left + blockPixels, width), Math.min(top + blockPixels, height)];
  for (let y = top; y < bottom; y += 1)
    for (let x = left; x < right; x += 1)
      for (const channel of [0, 1, 2] as const) sums[channel] += data[(y * width + x) * channels + channel] ?? 0;
  const pixels = (right - left) * (bottom - top);
  return [sums[0] / pixels, sums[1] / pixels, sums[2] / pixels];
}
