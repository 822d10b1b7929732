import { once } from '../util/once.ts';

/** A change that went live. */
export interface LiveChange {
  readonly instance: string;
  /** When the change was proven to be live, by the machine's clock (ISO 8601). */
  readonly at: string;
  readonly generation: string;
  /** In words: `+ meet/backend 172.18.0.5:8000`, … */
  readonly changes: readonly string[];
  /** Replicas that entered or left the rotation, with the reason; absent without such replicas. */
  readonly containers?: readonly string[];
  /** The causes: `meet-backend-1: start`, … */
  readonly why: readonly string[];
  /** Milliseconds from the causing event until the change was serving, and until it was live. */
  readonly servingMs?: number;
  readonly liveMs?: number;
  /** In the format of `diff -u`; absent for an instance's first file. */
  readonly diff?: string;
}

/** The last changes that went live. */
export interface History {
  /** @param diff computes the difference, when the history is read for the first time */
  add(change: Omit<LiveChange, 'diff'>, diff?: () => string): void;
  /** The newest first. */
  changes(): readonly LiveChange[];
}

const kept = 50;
const maxLines = 100;
const maxDiffLength = 16_384;

/** Keeps the last 50 changes, and the beginning of large ones. */
export function createHistory(): History {
  let all: readonly (() => LiveChange)[] = [];
  return {
    add(change, diff) {
      const short = { ...change, changes: firstLines(change.changes) };
      all = [once(() => (diff === undefined ? short : { ...short, diff: beginningOf(diff()) })), ...all].slice(0, kept);
    },
    changes: () => all.map((read) => read()),
  };
}

function firstLines(lines: readonly string[]): readonly string[] {
  const left = lines.length - maxLines;
  return left > 0 ? [...lines.slice(0, maxLines), `and ${left} more`] : lines;
}

function beginningOf(diff: string): string {
  return diff.length > maxDiffLength ? `${diff.slice(0, maxDiffLength)}\n(truncated)\n` : diff;
}
