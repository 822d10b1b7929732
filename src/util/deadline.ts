import { setMaxListeners } from 'node:events';

/** A signal with an end in time. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** The limit holds no more; the signal goes on following the one it was made from. */
  lift(): void;
  /** The work is done, and nothing of it is under way any more. */
  done(): void;
  /** The work is over, whatever became of it: what is still under way is aborted. */
  end(): void;
}

/** One for all: an abort without a reason makes a DOMException with a stack trace, which costs more than the rest of it. */
const over = new Error('the work is over');

/**
 * Aborts with the given signal, or after `limitMs` with a TimeoutError. Not `AbortSignal.any` over
 * `AbortSignal.timeout`: Node 20 collects the timeout as garbage, and it never fires.
 */
export function startDeadline(limitMs: number, signal: AbortSignal): Deadline {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(new DOMException('no answer in time', 'TimeoutError')), limitMs);
  if (signal.aborted) follow();
  // A signal has as many deadlines, and a deadline as many questions, as there are at once. Node 20 warns of more than ten as of a leak.
  setMaxListeners(0, signal, controller.signal);
  signal.addEventListener('abort', follow, { once: true });
  const done = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
  };
  return {
    signal: controller.signal,
    lift: () => clearTimeout(timer),
    done,
    end() {
      done();
      controller.abort(over);
    },
  };
}
