import { once } from '../util/once.ts';

/** A change that went live. */
export interface LiveChange {
  readonly instance: string;
  /** When it was proven to be served everywhere, by the machine's clock. */
  readonly at: string;
  readonly generation: string;
  /** In words: `+ meet/backend 172.18.0.5:8000`, … */
  readonly changes: readonly string[];
  /** Who came into rotation or went out of it, and why; absent for nobody. */
  readonly containers?: readonly string[];
  /** What led to it: `meet-backend-1: start`, … */
  readonly why: readonly string[];
  /** From the event that caused it until the first answer with it, and until nothing else answered. */
  readonly servingMs?: number;
  readonly liveMs?: number;
  /** As `diff -u` tells it; absent for the first file that was seen. */
  readonly diff?: string;
}

/** The last changes that went live. */
export interface History {
  /** @param diff makes the change's difference, which isn't done before somebody wants to see it */
  add(change: Omit<LiveChange, 'diff'>, diff?: () => string): void;
  /** The newest first. */
  changes(): readonly LiveChange[];
}

const kept = 50;
const maxLines = 100;
const maxDiffLength = 16_384;

/** Keeps so many, and of a large one its beginning. */
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
  return diff.length > maxDiffLength ? `${diff.slice(0, maxDiffLength)}\n(cut here: it is longer)\n` : diff;
}
