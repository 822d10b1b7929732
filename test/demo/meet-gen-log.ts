import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { logMessages } from '../../src/util/log-messages.ts';
import type { Engine } from '../providers/engine/docker-command.ts';

/** A problem in meet-gen's log. A solved problem has no message. */
export interface LoggedProblem {
  readonly code: string;
  readonly container?: string;
  readonly key?: string;
  readonly message?: string;
  readonly cure?: string;
}

/** The fields of a line in meet-gen's log that the demo reads. */
export interface LogEntry {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly generation?: string;
  readonly changes?: readonly string[];
  readonly servingMs?: number;
  readonly liveMs?: number;
  readonly unverified?: number;
  readonly problem?: LoggedProblem;
}

/** meet-gen's log in order, by `docker logs --follow`. */
export interface MeetGenLog {
  entries(): readonly LogEntry[];
  /** Lines that are not log entries, which are a fault. */
  strayLines(): readonly string[];
  /** Continues with the log of a restarted container. */
  follow(container: string, since: string): void;
  stop(): void;
}

export function createMeetGenLog(engine: Engine): MeetGenLog {
  const entries: LogEntry[] = [];
  const strayLines: string[] = [];
  let follower: ChildProcess | undefined;
  const take = (line: string): void => {
    const entry = readEntry(line);
    if (entry === undefined) strayLines.push(line);
    else entries.push(entry);
  };
  return {
    entries: () => entries,
    strayLines: () => strayLines,
    follow(container, since) {
      follower?.kill();
      const child = spawn(engine.dockerCli, ['logs', '--follow', '--since', since, container], {
        env: { ...process.env, ...engine.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.on('error', (error) => take(error.message));
      createInterface({ input: child.stdout }).on('line', take);
      createInterface({ input: child.stderr }).on('line', take);
      follower = child;
    },
    stop() {
      follower?.kill();
    },
  };
}

function readEntry(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'msg' in value ? (value as LogEntry) : undefined;
  } catch {
    return undefined;
  }
}

export const isLive = (entry: LogEntry): boolean => entry.msg === logMessages.routesLive.message;
