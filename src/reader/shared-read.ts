/** Reads that several clients share. */
export interface SharedRead<Value> {
  /** The result of the last read if that is young and valid, else of a new one. A failure is shared like a result. */
  get(): Promise<Value>;
  /** From now on, only a read that begins later serves. */
  invalidate(): void;
}

interface Read<Value> {
  readonly result: Promise<Value>;
  readonly beganAtMs: number;
  isInvalid: boolean;
  isOver: boolean;
}

/**
 * Shares reads. There is one read at a time. A client that can't use the read under way waits for its end, and then for
 * the next read.
 * @param maxAgeMs counted from the beginning of a read
 */
export function shareReads<Value>(read: () => Promise<Value>, maxAgeMs: number, nowMs: () => number): SharedRead<Value> {
  let last: Read<Value> | undefined;
  let next: Promise<Value> | undefined;

  const begin = (): Promise<Value> => {
    const beganAtMs = nowMs();
    const begun: Read<Value> = { result: read(), beganAtMs, isInvalid: false, isOver: false };
    const end = (): void => void (begun.isOver = true);
    begun.result.then(end, end);
    last = begun;
    next = undefined;
    return begun.result;
  };

  return {
    get() {
      if (last === undefined) return begin();
      if (!last.isInvalid && nowMs() - last.beganAtMs <= maxAgeMs) return last.result;
      if (next === undefined && last.isOver) return begin();
      next ??= last.result.then(begin, begin);
      return next;
    },
    invalidate() {
      if (last !== undefined) last.isInvalid = true;
    },
  };
}
