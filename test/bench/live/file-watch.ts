import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { WallClock } from './wall-clock.ts';

/** Records when a file is replaced, from the kernel's notices. A file's own timestamps are too coarse. */
export function watchFile(file: string, clock: Pick<WallClock, 'now'>): { writtenAtMs(): readonly number[]; forget(): void; stop(): void } {
  const written: number[] = [];
  const watcher = watch(dirname(file), (_, name) => {
    if (name === basename(file)) written.push(clock.now());
  });
  return {
    writtenAtMs: () => written,
    forget: () => void (written.length = 0),
    stop: () => watcher.close(),
  };
}
