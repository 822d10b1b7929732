import type { Figure } from '../figure.ts';
import type { Load } from './wrk-output.ts';

/** One run of one contender. */
export interface Sample extends Load {
  /** Processor time of nginx's worker per answer. */
  readonly processorMicros: number;
  /** Sockets in TIME_WAIT that the run left in the frontend's network namespace. */
  readonly timeWaits: number;
}

/** The names of the figures that compare a contender with another contender, round by round. */
interface Comparison {
  readonly requests: string;
  readonly p99: string;
  readonly processor: string;
  readonly timeWaits: string;
}

/** Compared with the hand-written file. */
export const ofSeed: Comparison = comparisonWith('seed');
/** Compared with meet-gen's file without kept connections. */
export const ofOff: Comparison = comparisonWith('keepalive off');

function comparisonWith(other: string): Comparison {
  return {
    requests: `requests, of ${other}'s`,
    p99: `p99, of ${other}'s`,
    processor: `CPU of nginx per request, of ${other}'s`,
    timeWaits: `TIME_WAIT, above ${other}'s`,
  };
}

export function figuresOf(who: string, where: string, samples: readonly Sample[]): readonly Figure[] {
  const figure = (what: string, unit: Figure['unit'], pick: (sample: Sample) => number): Figure => ({
    part: 'path',
    what,
    where,
    who,
    unit,
    samples: samples.map(pick),
  });
  return [
    figure('requests', '/s', ({ requestsPerSecond }) => requestsPerSecond),
    figure('p50', 'ms', ({ p50Ms }) => p50Ms),
    figure('p99', 'ms', ({ p99Ms }) => p99Ms),
    figure('CPU of nginx per request', 'µs', ({ processorMicros }) => processorMicros),
    figure('TIME_WAIT', 'count', ({ timeWaits }) => timeWaits),
    ...[figure('refused requests', 'count', ({ refused }) => refused), figure('broken requests', 'count', ({ broken }) => broken)].filter(
      ({ samples: counts }) => counts.some((count) => count > 0),
    ),
  ];
}

/** Compares the samples of two contenders, round by round. */
export function compare(
  who: string,
  where: string,
  comparison: Comparison,
  own: readonly Sample[],
  others: readonly Sample[],
): readonly Figure[] {
  const figure = (what: string, unit: Figure['unit'], of: (mine: Sample, theirs: Sample) => number): Figure => ({
    part: 'path',
    what,
    where,
    who,
    unit,
    samples: own.flatMap((mine, round) => {
      const theirs = others[round];
      return theirs === undefined ? [] : [of(mine, theirs)];
    }),
  });
  return [
    figure(comparison.requests, 'ratio', (mine, theirs) => mine.requestsPerSecond / theirs.requestsPerSecond),
    figure(comparison.p99, 'ratio', (mine, theirs) => mine.p99Ms / theirs.p99Ms),
    figure(comparison.processor, 'ratio', (mine, theirs) => mine.processorMicros / theirs.processorMicros),
    figure(comparison.timeWaits, 'count', (mine, theirs) => mine.timeWaits - theirs.timeWaits),
  ];
}
