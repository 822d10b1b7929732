/** wrk's figures of one run. */
export interface Load {
  /** Answers with 2xx or 3xx per second. */
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All answers, with any status. */
  readonly answers: number;
  /** Answers with 4xx or 5xx. */
  readonly refused: number;
  /** Socket errors: connect, read, write, and no answer within 2 s. */
  readonly broken: number;
}

const milliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/**
 * Reads the output of `wrk --latency` (wrk 4).
 * @throws Error if wrk printed another text, or no request was answered
 */
export function readWrk(text: string): Load {
  const [, answers, time, unit] = mustMatch(text, /^\s*(\d+) requests in ([\d.]+)(us|ms|s|m),/m);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const [, ...broken] = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text) ?? [];
  const seconds = (Number(time) * (milliseconds[unit ?? ''] ?? Number.NaN)) / 1000;
  return {
    requestsPerSecond: (Number(answers) - refused) / seconds,
    p50Ms: percentile(text, 50),
    p99Ms: percentile(text, 99),
    answers: Number(answers),
    refused,
    broken: broken.reduce((sum, count) => sum + Number(count), 0),
  };
}

function percentile(text: string, percent: number): number {
  const [, time, unit] = mustMatch(text, new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s|m) *$`, 'm'));
  return Number(time) * (milliseconds[unit ?? ''] ?? Number.NaN);
}

function mustMatch(text: string, pattern: RegExp): RegExpExecArray {
  const match = pattern.exec(text);
  if (match === null) throw new Error(`wrk should print ${pattern.source}, but it printed: ${text}`);
  return match;
}
