import { EngineError } from '../source/engine-error.ts';
import { errorOf } from '../util/error-message.ts';
import type { Log } from '../util/log.ts';

/** Logs what fails at the engine: each failure once, until its call works again. */
export interface EngineReport {
  worked(call: string): void;
  failed(call: string, error: unknown): void;
}

/** A call that fails and works in turn is logged at most once in this time. */
const quietMs = 60_000;

/** @param nowMs milliseconds since any moment */
export function createEngineReport(log: Pick<Log, 'write'>, engine: string, nowMs: () => number): EngineReport {
  const failures = new Map<string, { readonly text: string; readonly loggedAtMs: number; readonly isLast: boolean }>();
  return {
    worked(call) {
      const before = failures.get(call);
      if (before?.isLast !== true) return;
      failures.set(call, { ...before, isLast: false });
      log.write('readerEngineAnswers', { engine, call });
    },
    failed(call, reason) {
      const { message } = errorOf(reason);
      const before = failures.get(call);
      if (before?.text === message && (before.isLast || nowMs() - before.loggedAtMs < quietMs)) return;
      failures.set(call, { text: message, loggedAtMs: nowMs(), isLast: true });
      log.write('readerEngineFails', { engine, call, reason: message, cure: reason instanceof EngineError ? reason.cure : otherCure });
    },
  };
}

const otherCure = "read the engine's log";
