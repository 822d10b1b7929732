import type { Logger } from 'pino';
import type { Entry } from './journal.ts';

/** Writes an entry of the journal as a line of the log; reloads have none of their own. */
export function logEntry(log: Logger, entry: Entry): void {
  switch (entry.kind) {
    case 'problem': {
      const { problem } = entry;
      if (problem.severity === 'error') log.error({ problem }, 'problem');
      else if (problem.severity === 'warning') log.warn({ problem }, 'problem');
      else log.info({ problem }, 'notice');
      return;
    }
    case 'problem-over':
      return log.info({ problem: entry.problem }, 'problem is gone');
    case 'published':
      return log.debug({ instance: entry.instance, generation: entry.generation }, 'published');
    case 'unproven':
      return log.warn(entry.change, 'routes are published, but no frontend answers: it is not proven that they are served');
    case 'live':
      return logLive(log, entry);
    case 'containers': {
      const { instance, containers, why } = entry;
      return log.info({ instance, containers, why }, 'containers have changed, the routes stay');
    }
    case 'reload':
      return undefined;
  }
}

function logLive(log: Logger, { change, isAgain, diff }: Extract<Entry, { kind: 'live' }>): void {
  if (isAgain) log.debug(change, 'routes are live');
  else log.info(change, 'routes are live');
  if (diff === undefined || !log.isLevelEnabled('debug')) return;
  const { instance, generation } = change;
  // A line of the log can't contain line breaks.
  log.debug({ instance, generation, diff: diff().split('\n') }, 'what changed in the file');
}
