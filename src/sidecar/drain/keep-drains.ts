import type { Log } from '../../util/log.ts';
import { createDrains } from './drains.ts';
import type { Drains } from './drains.ts';

/**
 * Keeps drains in a file across restarts. A file that can't be read is reported, and costs only its drains.
 * @param text the content of the file; rejects where it can't be read
 * @param save writes the file later, without waiting
 */
export async function keepDrains(text: Promise<string | undefined>, save: (text: string) => void, log: Log): Promise<Drains> {
  const drains = createDrains(save);
  try {
    const kept = await text;
    if (kept !== undefined) drains.load(kept);
  } catch (error) {
    log.write('drainsUnreadable', { err: error });
  }
  return drains;
}
