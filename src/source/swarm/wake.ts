/** A pause that can be cut short. */
export interface Wake {
  /** Ends the pause under way, or the next one. */
  ring(): void;
  /** Waits so long, until `ring`, or until the signal aborts. Doesn't keep the process alive. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createWake(): Wake {
  let isRung = false;
  let end: (() => void) | undefined;
  return {
    ring() {
      isRung = true;
      end?.();
    },
    async wait(ms, signal) {
      if (!isRung && !signal.aborted && ms > 0) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            resolve();
          };
          const timer = setTimeout(done, ms).unref();
          signal.addEventListener('abort', done, { once: true });
          end = done;
        });
      }
      isRung = false;
    },
  };
}
