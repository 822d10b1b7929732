import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { logMessages } from '../../src/util/log-messages.ts';
import type { Engine } from '../providers/engine/docker-command.ts';

/** A problem as meet-gen tells it; of one that is gone only what it was. */
export interface ToldProblem {
  readonly code: string;
  readonly container?: string;
  readonly key?: string;
  readonly message?: string;
  readonly cure?: string;
}

/** One line of meet-gen's log, as far as the demo reads it. */
export interface LogEntry {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly generation?: string;
  readonly changes?: readonly string[];
  readonly servingMs?: number;
  readonly liveMs?: number;
  readonly unverified?: number;
  readonly problem?: ToldProblem;
}

/** Everything meet-gen has said, in order; `docker logs --follow` underneath. */
export interface MeetGenLog {
  entries(): readonly LogEntry[];
  /** Lines that were no log entries: there should be none. */
  strayLines(): readonly string[];
  /** Goes on with what a container that was started again says. */
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
