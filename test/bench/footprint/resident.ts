import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';

/** The memory of a process in MB. */
export interface Resident {
  /** All resident memory (VmRSS), including pages of the program's file. */
  readonly wholeMB: number;
  /** The process's own share (RssAnon). */
  readonly ownMB: number;
}

export type ReadResident = () => Promise<Resident>;

const lookEveryMs = 1000;
const steadyWithin = 0.01;
const steadyLooks = 3;
const looksAtMost = 20;

/** For the first process of a container. */
export function containerReader(engine: Engine, container: string): ReadResident {
  return async () => parseStatus(await docker(engine, ['exec', container, 'cat', '/proc/1/status']));
}

/** For a process of this machine. */
export function processReader(pid: number): ReadResident {
  return () => Promise.resolve(parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

/**
 * Reads once the memory is steady (less than 1% of change in 3 reads, a second apart), at the latest after 20 reads.
 */
export async function readSettled(read: ReadResident, signal: AbortSignal): Promise<Resident> {
  let last = await read();
  let steady = 0;
  for (let look = 0; look < looksAtMost && steady < steadyLooks; look += 1) {
    await sleep(lookEveryMs, undefined, { signal });
    const now = await read();
    steady = Math.abs(now.wholeMB / last.wholeMB - 1) < steadyWithin ? steady + 1 : 0;
    last = now;
  }
  return last;
}

/** proc(5): the fields are in units of 1,024 bytes, though they say kB. */
function parseStatus(text: string): Resident {
  const field = (name: string): number => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kibibytes === undefined) throw new Error(`/proc/…/status has no ${name}: the bench needs Linux 4.5 or later`);
    return (Number(kibibytes) * 1024) / 1e6;
  };
  return { wholeMB: field('VmRSS'), ownMB: field('RssAnon') };
}
