import type { Log } from '../../util/log.ts';
import { createDrains } from './drains.ts';
import type { Drains } from './drains.ts';

/**
 * Drains that outlive the process in a file; one that can't be read costs only that, and is reported.
 * @param text what stands in the file; rejects where that can't be read
 * @param save puts a text into it, in its own time
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
