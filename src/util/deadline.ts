import { setMaxListeners } from 'node:events';

/** A signal that aborts after a time limit. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Removes the time limit; the signal still follows the given signal. */
  lift(): void;
  /** Ends the deadline after finished work, without an abort. */
  done(): void;
  /** Ends the deadline and aborts work that is still running. */
  end(): void;
}

/** Shared: an abort without a reason creates a DOMException with a stack trace, which costs more than all the rest. */
const over = new Error('the work is over');

/**
 * Aborts with the given signal, or after `limitMs` with a TimeoutError. `AbortSignal.any` over `AbortSignal.timeout`
 * doesn't work: Node 20 garbage-collects the timeout, which then never fires.
 */
export function startDeadline(limitMs: number, signal: AbortSignal): Deadline {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(new DOMException('no answer in time', 'TimeoutError')), limitMs);
  if (signal.aborted) follow();
  // A signal has one listener for each deadline and question under way. Above ten, Node 20 warns of a leak.
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
