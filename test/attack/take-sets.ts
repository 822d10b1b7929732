import * as fc from 'fast-check';
import { hostileSet, wirePlaces } from './hostile-sets.ts';
import type { HostileSet } from './hostile-sets.ts';
import { hostileTexts } from './hostile-texts.ts';
import { distinct, judgeSets } from './judge-sets.ts';

/** The result of a run of generated sets. */
export interface SetsTaken {
  readonly sets: number;
  readonly files: number;
}

const setsARun = 100;
const textsASet = 4;
const kinds = [
  'stranger',
  'insider',
  'neighbour frontend',
  'neighbour backend',
  'neighbour service',
  'stranger media',
  'stranger router',
] as const;

/**
 * Generates sets of hostile containers and judges the files of each hundred.
 * @param onFiles gets the files of each run, for nginx to load
 * @throws Error with the seed and the first faults
 */
export async function takeSets(
  count: number,
  seed: number,
  onFiles: (files: readonly string[], so: SetsTaken) => Promise<void> = () => Promise.resolve(),
): Promise<SetsTaken> {
  let files = 0;
  for (let run = 0; run * setsARun < count; run += 1) {
    const sets = fc.sample(hostileSet, { numRuns: Math.min(setsARun, count - run * setsARun), seed: seed + run });
    const judged = await judgeSets(sets);
    if (judged.wrong.length > 0) throw new Error(`seed ${seed + run}: ${judged.wrong.slice(0, 20).join('\n')}`);
    files += judged.files.length;
    await onFiles(judged.files, { sets: run * setsARun + sets.length, files });
  }
  return { sets: count, files };
}

/**
 * Half of the hand-written texts in each place: `npm test` runs one half, the engine tier the other, endurance both.
 */
type Half = 'even' | 'odd';

/**
 * Puts hand-written texts into every place of the engine's JSON, each place on another kind of container.
 * @param half absent for every text in every place
 * @returns one rendered file of each kind
 * @throws Error with the place and the fault
 */
export async function takeTextsByHand(half?: Half): Promise<readonly string[]> {
  const files: string[] = [];
  for (const [index, place] of Object.keys(wirePlaces).entries()) {
    const kind = kinds[index % kinds.length] ?? 'stranger';
    const texts = hostileTexts.filter((_, number) => half === undefined || (number + index) % 2 === (half === 'even' ? 0 : 1));
    const attackers: HostileSet = texts.map((text) => ({ kind, changes: [{ place, text }] }));
    const judged = await judgeSets(inChunks(attackers, textsASet));
    if (judged.wrong.length > 0) throw new Error(`${kind}, ${place}: ${judged.wrong.slice(0, 20).join('\n')}`);
    files.push(...distinct(judged.files));
  }
  return distinct(files);
}

/** The items in lists of that length. */
export function inChunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
