import { pino } from 'pino';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';
import type { Options } from './options.ts';

/** Logs go to stderr, results to stdout. JSON unless a person looks. */
export function createLogger(options: Pick<Options, 'logLevel' | 'logFormat'>): Logger {
  const format = options.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json');
  const settings = { level: options.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (format === 'pretty')
    return pino(settings, pretty({ destination: 2, sync: true, colorize: process.stderr.isTTY, translateTime: 'HH:MM:ss.l' }));
  return pino({ ...settings, formatters: { level: (label) => ({ level: label }) } }, pino.destination({ dest: 2, sync: true }));
}
