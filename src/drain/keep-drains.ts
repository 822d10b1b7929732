import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { createDrains } from './drains.ts';
import type { Drains } from './drains.ts';

/**
 * Drains that outlive the process in a file; one that can't be written or read costs only that, and is told of.
 * @param write puts a text into a file
 */
export async function keepDrains(path: string, write: (path: string, text: string) => Promise<unknown>, log: Logger): Promise<Drains> {
  let saving: Promise<unknown> = Promise.resolve();
  const drains = createDrains((text) => {
    saving = saving
      .then(() => write(path, text))
      .catch((error: unknown) =>
        log.warn({ err: error }, 'which containers are drained could not be kept; a restart of meet-gen forgets it'),
      );
  });
  try {
    drains.load(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error }, 'which containers were drained could not be read; they take requests again');
  }
  return drains;
}
