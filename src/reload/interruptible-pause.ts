/** A pause that can be cut short: by `wake`, or for good by the signal. */
export interface Pause {
  wake(): void;
  /** Resolves after `timeoutMs`, at the next `wake`, or when the signal aborts; at once after a wake that nobody waited for. */
  wait(timeoutMs: number): Promise<void>;
}

export function createPause(signal: AbortSignal): Pause {
  let pending = false;
  let finish: (() => void) | undefined;
  signal.addEventListener('abort', () => finish?.(), { once: true });
  return {
    wake() {
      pending = true;
      finish?.();
    },
    wait(timeoutMs) {
      if (pending || signal.aborted) {
        pending = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const timer = setTimeout(() => finish?.(), timeoutMs);
        finish = () => {
          clearTimeout(timer);
          finish = undefined;
          pending = false;
          resolve();
        };
      });
    },
  };
}
