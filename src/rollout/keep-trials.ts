import type { Log } from '../util/log.ts';
import { parseKept, writeKept } from './kept-text.ts';
import type { KeptTrials, TrialPorts } from './trial-types.ts';

/** What is kept of trials. */
export type TrialFiles = Pick<TrialPorts, 'keep' | 'keepRejected' | 'rejectedPath'>;

/** The names of the files, beside an instance's published one; nginx's `include *.conf` sees none of them. */
type TrialFile = '.editions.json' | '.rejected.conf' | '.rejected.txt';

/**
 * Keeps in files what was good and what was refused.
 * @param save puts a text into a file, in its own time
 */
export function keepTrials(pathOf: (instance: string, name: TrialFile) => string, save: (path: string, text: string) => void): TrialFiles {
  return {
    keep: (instance, kept) => save(pathOf(instance, '.editions.json'), writeKept(kept)),
    rejectedPath: (instance) => pathOf(instance, '.rejected.conf'),
    keepRejected(instance, content, words) {
      save(pathOf(instance, '.rejected.conf'), content);
      save(pathOf(instance, '.rejected.txt'), `nginx refused .rejected.conf beside this file:\n\n${words.split('; ').join('\n')}\n`);
    },
  };
}

/**
 * What an earlier process kept; undefined when there is nothing that can be used, which is reported.
 * @param text what stands in the file; rejects where that can't be read
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
