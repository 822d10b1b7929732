import { logMessages } from '../../src/util/log-messages.ts';
import type { LogMessageName } from '../../src/util/log-messages.ts';
import type { Log } from '../../src/util/log.ts';

/** A line of the log: the name of its message, and its fields. */
export interface RecordedLine {
  readonly name: LogMessageName;
  readonly [field: string]: unknown;
}

/** A log whose lines are kept in order, without those of the level debug. */
export function recordLog(): { readonly log: Log; readonly lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  return {
    log: {
      write(name, ...[fields]) {
        if (isWritten(name)) lines.push({ ...fields, name });
      },
      isWritten,
    },
    lines,
  };
}

function isWritten(name: LogMessageName): boolean {
  return logMessages[name].level !== 'debug';
}
