import { readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';

/** A process as the kernel shows it. */
export interface OutsideView {
  /** Resident memory that isn't mapped from files: the memory that the process costs. */
  readonly residentKiB: number;
  readonly descriptors: number;
}

/** Inspects a process of this machine (Linux). */
export function viewFromOutside(pid: number): OutsideView {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]);
  return { residentKiB: field('Anonymous'), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** A process as it shows itself. */
export interface InsideView {
  readonly heapUsed: number;
  readonly timers: number;
  /** Other resources that keep the process alive: sockets, servers, requests. */
  readonly others: number;
}

/** The environment that makes the command report its inside view. The command itself is unchanged. */
export function insideViewEnvironment(socketPath: string): Readonly<Record<string, string>> {
  const preload = fileURLToPath(new URL('inside-view.cjs', import.meta.url));
  return { NODE_OPTIONS: `--require ${preload}`, SOAK_VIEW_SOCKET: socketPath };
}

/** @param collected whether the garbage is collected first */
export function viewFromInside(socketPath: string, collected: boolean): Promise<InsideView> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: collected ? '/collected' : '/', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve(JSON.parse(body) as InsideView));
    });
    asked.on('error', reject);
    asked.end();
  });
}
