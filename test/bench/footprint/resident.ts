import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';

/** What a process holds in memory, in MB. */
export interface Resident {
  /** All that is resident (VmRSS), pages of the program's own file among it. */
  readonly wholeMB: number;
  /** Of that, what is the process's own (RssAnon). */
  readonly ownMB: number;
}

/** A process whose memory can be read. */
export type ReadResident = () => Promise<Resident>;

const lookEveryMs = 1000;
const steadyWithin = 0.01;
const steadyLooks = 3;
const looksAtMost = 20;

/** The first process of a container. */
export function ofContainer(engine: Engine, container: string): ReadResident {
  return async () => parseStatus(await docker(engine, ['exec', container, 'cat', '/proc/1/status']));
}

/** A process of this machine. */
export function ofProcess(pid: number): ReadResident {
  return () => Promise.resolve(parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

/** Reads when it has hardly changed for a few seconds, or after a while as it is then. */
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

/** proc(5): the fields are in units of 1,024 bytes, whatever they say. */
function parseStatus(text: string): Resident {
  const field = (name: string): number => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kibibytes === undefined) throw new Error(`/proc/…/status does not tell ${name}: this needs Linux 4.5 or later`);
    return (Number(kibibytes) * 1024) / 1e6;
  };
  return { wholeMB: field('VmRSS'), ownMB: field('RssAnon') };
}
