/** Listeners for *something changed*, without what changed. */
export interface Watchers {
  tell(): void;
  /** @returns a function that removes the listener */
  watch(listener: () => void): () => void;
}

export function createWatchers(): Watchers {
  const listeners = new Set<() => void>();
  return {
    tell() {
      for (const listener of listeners) listener();
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
