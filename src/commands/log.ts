import { pino } from 'pino';
import type { Logger } from 'pino';
import { showUntrustedFields, showUntrustedLines } from '../model/untrusted-text.ts';
import type { Options } from '../options.ts';
import { logMessages } from '../util/log-messages.ts';
import type { Log } from '../util/log.ts';

const maxFieldLength = 2000;
const maxUnwritten = 1_000_000;

/** The log on standard error, where no results go. */
export async function openLog(options: Pick<Options, 'logLevel' | 'logFormat'>): Promise<Log> {
  const logger = await createLogger(options);
  return {
    write(name, ...[fields]) {
      const { level, message } = logMessages[name];
      logger[level](fields ?? {}, message);
    },
    isWritten: (name) => logger.isLevelEnabled(logMessages[name].level),
  };
}

/** JSON unless standard error is a terminal. Every text is made safe to show here, in case its origin did not do that. */
async function createLogger(options: Pick<Options, 'logLevel' | 'logFormat'>): Promise<Logger> {
  const format = options.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json');
  const settings = { level: options.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: showError } };
  const log = showFields;
  if (format === 'pretty') {
    const { default: pretty } = await import('pino-pretty');
    return pino(
      { ...settings, formatters: { log } },
      pretty({ destination: standardError(), colorize: process.stderr.isTTY, translateTime: 'HH:MM:ss.l' }),
    );
  }
  return pino({ ...settings, formatters: { log, level: (label) => ({ level: label }) } }, standardError());
}

/** On a full disk, or a pipe without a reader, lines are kept up to a limit, and then dropped. */
function standardError(): ReturnType<typeof pino.destination> {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: maxUnwritten });
  destination.on('error', () => undefined);
  return destination;
}

function showFields(fields: Record<string, unknown>): Record<string, unknown> {
  return showUntrustedFields(fields, maxFieldLength) as Record<string, unknown>;
}

function showError(error: Error): Record<string, unknown> {
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { ...showFields({ type, message }), stack: showUntrustedLines(stack ?? '').join('\n') };
}
