import * as fc from 'fast-check';
import type { NginxChecker } from '../support/nginx-check.ts';
import { hostileSet } from './hostile-sets.ts';
import { combine, judgeSets } from './judge-sets.ts';
import { acceptedByNginx } from './nginx-verdict.ts';

/** What became of a run of generated sets. */
export interface SetsTaken {
  readonly sets: number;
  readonly files: number;
  /** How often each version of nginx was asked. */
  readonly asked: number;
}

const setsARun = 100;
const filesAnAsk = 200;
const asksAtOnce = 5;

/**
 * Generates so many sets of hostile containers, judges what each run over a hundred of them renders, and has both nginx read
 * every rendered file, two hundred in one configuration.
 * @throws Error with the seed and the first things that are wrong
 */
export async function takeSets(
  count: number,
  seed: number,
  checkers: readonly NginxChecker[],
  onAsked: (so: SetsTaken) => void = () => undefined,
): Promise<SetsTaken> {
  let waiting: readonly string[] = [];
  let files = 0;
  let asked = 0;
  const ask = async (contents: readonly string[]): Promise<void> => {
    const configurations = inChunks(contents, filesAnAsk).map(combine);
    asked += configurations.length;
    await acceptedByNginx(checkers, configurations);
  };
  for (let run = 0; run * setsARun < count; run += 1) {
    const sets = fc.sample(hostileSet, { numRuns: Math.min(setsARun, count - run * setsARun), seed: seed + run });
    const judged = await judgeSets(sets);
    if (judged.wrong.length > 0) throw new Error(`seed ${seed + run}: ${judged.wrong.slice(0, 20).join('\n')}`);
    files += judged.files.length;
    waiting = [...waiting, ...judged.files];
    if (waiting.length < filesAnAsk * asksAtOnce) continue;
    await ask(waiting);
    waiting = [];
    onAsked({ sets: (run + 1) * setsARun, files, asked });
  }
  await ask(waiting);
  return { sets: count, files, asked };
}

/** The items in lists of so many. */
export function inChunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
