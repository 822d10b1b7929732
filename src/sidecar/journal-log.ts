import type { Log } from '../util/log.ts';
import type { Entry } from './journal.ts';

const problemMessages = { error: 'problem', warning: 'problemWarning', notice: 'notice' } as const;

/** Writes an entry of the journal as a line of the log; a reload has no line of its own. */
export function logEntry(log: Log, entry: Entry): void {
  switch (entry.kind) {
    case 'problem':
      return log.write(problemMessages[entry.problem.severity], { problem: entry.problem });
    case 'problem-over':
      return log.write('problemResolved', { problem: entry.problem });
    case 'published':
      return log.write('published', { instance: entry.instance, generation: entry.generation });
    case 'unproven':
      return log.write('routesUnproven', { ...entry.change, unverified: entry.unverified });
    case 'live':
      return logLive(log, entry);
    case 'containers': {
      const { instance, containers, why } = entry;
      return log.write('containersChanged', { instance, containers, why });
    }
    case 'reload':
      return undefined;
  }
}

function logLive(log: Log, { change, isAgain, diff }: Extract<Entry, { kind: 'live' }>): void {
  log.write(isAgain ? 'routesLiveAgain' : 'routesLive', change);
  if (diff === undefined || !log.isWritten('fileDiff')) return;
  const { instance, generation } = change;
  // A line of the log can't contain line breaks.
  log.write('fileDiff', { instance, generation, diff: diff().split('\n') });
}
