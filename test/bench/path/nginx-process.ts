import { readFileSync } from 'node:fs';

/** The only worker of the nginx with this master process. */
export function workerOf(master: number): number {
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').filter(Boolean);
  if (children.length !== 1) throw new Error(`nginx (process ${master}) should have one worker, but has ${children.length} children`);
  return Number(children[0]);
}

/** Sockets in TIME_WAIT in the network namespace of a process. */
export function timeWaitsAround(pid: number): number {
  return readTimeWaits(readFileSync(`/proc/${pid}/net/sockstat`, 'utf8'));
}

/** Reads the format of /proc/net/sockstat. */
export function readTimeWaits(sockstat: string): number {
  const count = /^TCP: .*\btw (\d+)/m.exec(sockstat)?.[1];
  if (count === undefined) throw new Error(`/proc/net/sockstat should have the sockets in TIME_WAIT: ${sockstat}`);
  return Number(count);
}

/** The peak of a process's resident memory in MB. */
export function peakResidentMB(pid: number): number {
  return readPeakMB(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Reads the format of /proc/<pid>/status. */
export function readPeakMB(status: string): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/<pid>/status should have the peak of the resident memory: ${status}`);
  return (Number(kilobytes) * 1024) / 1e6;
}
