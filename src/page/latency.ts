import type { LiveChange } from '../status/history.ts';

/** Times of the last changes from their event until they were serving, as a bar chart and in words. */
export interface Latency {
  readonly width: number;
  readonly height: number;
  /** From the oldest to the newest. */
  readonly bars: readonly { readonly x: number; readonly y: number; readonly height: number; readonly title: string }[];
  readonly summary: string;
}

const barPitch = 8;
const pictureHeight = 40;
const leastHeight = 2;

/** @returns undefined until a change was caused by an event */
export function latencyOf(changes: readonly LiveChange[]): Latency | undefined {
  const timed = changes.flatMap(({ at, servingMs }) => (servingMs === undefined ? [] : [{ at, servingMs }])).toReversed();
  const sorted = timed.map(({ servingMs }) => servingMs).toSorted((left, right) => left - right);
  const slowest = sorted.at(-1);
  if (slowest === undefined) return undefined;
  return {
    width: timed.length * barPitch,
    height: pictureHeight,
    bars: timed.map(({ at, servingMs }, index) => {
      const height = Math.max(leastHeight, Math.round((pictureHeight * servingMs) / Math.max(slowest, 1)));
      return { x: index * barPitch, y: pictureHeight - height, height, title: `${servingMs} ms, at ${at}` };
    }),
    summary: wordsFor(sorted, slowest),
  };
}

function wordsFor(sorted: readonly number[], slowest: number): string {
  if (sorted.length === 1) return `From its event until it was served, the last change took ${slowest} ms.`;
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? slowest;
  return `From their event until they were served, half of the last ${sorted.length} changes took at most ${median} ms, the slowest ${slowest} ms.`;
}
