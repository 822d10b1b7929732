import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { WallClock } from './wall-clock.ts';

/** When a file was put in its place: the moments of the kernel's notices, since a file's own times are too coarse. */
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
