import { setTimeout as sleep } from 'node:timers/promises';
import { createBackoff } from './backoff.ts';
import { errorOf } from './error-message.ts';
import type { Log } from './log.ts';

/**
 * The place where errors end. Work without a caller that awaits it starts here: a callback of a timer, event or
 * watcher, a request, a loop. An error costs only that work. It is logged once, not at every retry, and stays a problem
 * until the work succeeds.
 */
export interface ErrorBoundary {
  /**
   * Returns a callback that never throws and leaves no unhandled rejection.
   * @param recover runs after a failure, for work without another retry
   */
  guard<Args extends readonly unknown[]>(part: string, work: (...args: Args) => unknown, recover?: () => unknown): (...args: Args) => void;
  /** Resolves to undefined after a failure; never rejects. */
  attempt<Result>(part: string, work: () => Promise<Result>): Promise<Result | undefined>;
  /**
   * Repeats a step until the signal aborts, with a growing pause after failures.
   * @param step may return its own pause, which follows it
   */
  repeat(part: string, step: Step, signal: AbortSignal): void;
  failed(part: string, error: unknown): void;
  worked(part: string): void;
  /** The failing parts. */
  failures(): readonly PartFailure[];
}

/** A failing part of meet-gen, with its error as text. */
export interface PartFailure {
  readonly part: string;
  readonly text: string;
}

type Step = () => Promise<(() => Promise<unknown>) | undefined>;

/** The part of a boundary that a loop needs. */
export type Repeat = ErrorBoundary['repeat'];

interface Part {
  readonly text: string;
  readonly loggedAtMs: number;
  readonly isFailing: boolean;
}

const retryCapMs = 5000;
/** A part that alternates between failing and working is logged at most once in this time. */
const quietMs = 60_000;
const mostParts = 100;
/** The cure for the failure of a part. */
export const failureCure =
  'report the error with this line of the log, unless the reason is a limit of this host (disk, open files, memory)';

/** @param nowMs milliseconds since any moment */
export function createErrorBoundary(log: Pick<Log, 'write'>, nowMs: () => number): ErrorBoundary {
  const parts = new Map<string, Part>();

  const failed = (part: string, reason: unknown): void => {
    const error = errorOf(reason);
    const text = `${error.name}: ${error.message}`;
    const before = parts.get(part);
    const isOld = before?.text === text && (before.isFailing || nowMs() - before.loggedAtMs < quietMs);
    if (before === undefined && parts.size >= mostParts) forgetOne(parts);
    parts.set(part, { text, loggedAtMs: isOld ? before.loggedAtMs : nowMs(), isFailing: true });
    if (!isOld) log.write('partFailed', { part, err: error, cure: failureCure });
  };
  const worked = (part: string): void => {
    const before = parts.get(part);
    if (before?.isFailing !== true) return;
    parts.set(part, { ...before, isFailing: false });
    log.write('partWorks', { part });
  };
  const attempt = async <Result>(part: string, work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      const result = await work();
      worked(part);
      return result;
    } catch (error) {
      failed(part, error);
      return undefined;
    }
  };
  const repeat = async (part: string, step: Step, signal: AbortSignal): Promise<void> => {
    const pause = createBackoff(retryCapMs);
    while (!signal.aborted) {
      try {
        const rest = await step();
        worked(part);
        pause.reset();
        await rest?.();
      } catch (error) {
        if (signal.aborted) return;
        failed(part, error);
        await sleep(pause.nextMs(), undefined, { signal }).catch(() => undefined);
      }
    }
    // An ended loop no longer counts as failing.
    parts.delete(part);
  };
  const end = (part: string, error: unknown, recover?: () => unknown): void => {
    failed(part, error);
    if (recover !== undefined) void attempt(`the retry of ${part}`, async () => recover());
  };
  return {
    guard:
      (part, work, recover) =>
      (...args) => {
        try {
          const result = work(...args);
          if (!(result instanceof Promise)) return worked(part);
          result.then(
            () => worked(part),
            (error: unknown) => end(part, error, recover),
          );
        } catch (error) {
          end(part, error, recover);
        }
      },
    attempt,
    repeat: (part, step, signal) => void repeat(part, step, signal),
    failed,
    worked,
    failures: () => [...parts].flatMap(([part, { text, isFailing }]) => (isFailing ? [{ part, text }] : [])),
  };
}

function forgetOne(parts: Map<string, Part>): void {
  const [oldest] = [...parts].find(([, { isFailing }]) => !isFailing) ?? [...parts.keys()];
  if (oldest !== undefined) parts.delete(oldest);
}
