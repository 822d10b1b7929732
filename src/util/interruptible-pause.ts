/** A pause that `wake` ends early, and the signal permanently. */
export interface Pause {
  wake(): void;
  /** Resolves after `timeoutMs`, at the next `wake`, or at the abort; immediately if a `wake` came before. */
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
