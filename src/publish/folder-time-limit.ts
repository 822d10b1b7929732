import pLimit from 'p-limit';

/** Longer than a busy disk needs for a small file. */
const defaultLimitMs = 2000;
/** Node has four threads for files. A short queue there keeps waiting from looking like a hang. */
const maxConcurrent = 8;

/** Runs file operations in a folder; a folder that hangs doesn't delay the others. */
export type InFolder = <Result>(folder: string, work: () => Promise<Result>) => Promise<Result>;

/**
 * Limits how long one folder can delay others. Work over the limit continues in the background and holds a thread. Until
 * it ends, new work in that folder fails at once, so each folder blocks at most one thread.
 * @returns rejects with the cure if the folder hangs
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
  return new Error(`${folder} doesn't respond: its file system hangs; check the system log, and whether the mounted storage is reachable`);
}
