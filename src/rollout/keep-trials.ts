import type { Log } from '../util/log.ts';
import { parseKept, writeKept } from './kept-text.ts';
import type { KeptTrials, TrialPorts } from './trial-types.ts';

/** The part of the ports that stores trials in files. */
export type TrialFiles = Pick<TrialPorts, 'keep' | 'keepRejected' | 'rejectedPath'>;

/** Files beside an instance's published file. nginx's `include *.conf` skips dot files. */
type TrialFile = '.editions.json' | '.rejected.conf' | '.rejected.txt';

/**
 * Stores the last good edition and the refused files.
 * @param save writes a file in the background
 */
export function keepTrials(pathOf: (instance: string, name: TrialFile) => string, save: (path: string, text: string) => void): TrialFiles {
  return {
    keep: (instance, kept) => save(pathOf(instance, '.editions.json'), writeKept(kept)),
    rejectedPath: (instance) => pathOf(instance, '.rejected.conf'),
    keepRejected(instance, content, words) {
      save(pathOf(instance, '.rejected.conf'), content);
      save(pathOf(instance, '.rejected.txt'), `nginx refused .rejected.conf in this folder:\n\n${words.split('; ').join('\n')}\n`);
    },
  };
}

/**
 * Reads what an earlier process stored. An unusable file is logged, and counts as missing.
 * @param text the file's content; rejects if it can't be read
 */
export async function readKept(text: Promise<string | undefined>, instance: string, log: Log): Promise<KeptTrials | undefined> {
  try {
    const kept = await text;
    return kept === undefined ? undefined : parseKept(kept, instance);
  } catch (error) {
    log.write('lastGoodUnreadable', { err: error, instance });
    return undefined;
  }
}
