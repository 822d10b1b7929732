/** Those who want to know that something has changed, not what. */
export interface Watchers {
  tell(): void;
  /** @returns how to end it */
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
