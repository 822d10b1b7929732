import pLimit from 'p-limit';

/** Longer than a busy disk takes for a small file. */
const defaultLimitMs = 2000;
/** Node has four threads for files. Time in their queue is no sign of a folder that hangs, so few wait there. */
const maxConcurrent = 8;

/** Does work in a folder; what hangs there costs nobody else anything. */
export type InFolder = <Result>(folder: string, work: () => Promise<Result>) => Promise<Result>;

/**
 * Bounds how long the work of one folder can make others wait. What doesn't end in time goes on by itself, holding a thread; until it
 * has ended nothing else is begun in that folder, so that no more than one thread hangs for each.
 * @returns rejects with the cure where the folder hangs
 */
export function createFolderTimeLimit(limitMs = defaultLimitMs): InFolder {
  const hanging = new Set<string>();
  const atMost = pLimit(maxConcurrent);
  const attempt: InFolder = async (folder, work) => {
    if (hanging.has(folder)) throw hangs(folder);
    const working = work();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        hanging.add(folder);
        const forget = (): void => void hanging.delete(folder);
        working.then(forget, forget);
        reject(hangs(folder));
      }, limitMs);
    });
    try {
      return await Promise.race([working, late]);
    } finally {
      clearTimeout(timer);
    }
  };
  return (folder, work) => atMost(() => attempt(folder, work));
}

function hangs(folder: string): Error {
  return new Error(`${folder} doesn't answer: its file system hangs; see the system log, and whether what is mounted there is reachable`);
}
