import type { Engine } from '../providers/engine/docker-command.ts';
import type { Images } from '../providers/engine/stand-ins.ts';

export const parts = ['live', 'faked', 'files', 'footprint', 'path'] as const;
export type Part = (typeof parts)[number];

/** One thing measured of one contender. */
export interface Figure {
  readonly part: Part;
  /** 'start → served', 'engine calls per round', … */
  readonly what: string;
  /** '5 beside', '1,000 events', … */
  readonly where: string;
  /** 'meet-gen', 'floor', 'floor that proves', "peers' way", 'docker-gen', 'bare Node', 'seed', 'resolve', 'bare nginx' */
  readonly who: string;
  readonly unit: 'ms' | 'µs' | '/s' | 'MB/s' | 'MB' | 'kB' | 'count' | 'ratio';
  /** One or more; the summary is made of them. */
  readonly samples: readonly number[];
}

/** What a part is given to measure with. */
export interface BenchContext {
  readonly engine: Engine;
  readonly images: Images;
  /** Measured rounds per contender and place. */
  readonly rounds: number;
  /** Only tried out: fewer rounds and places. */
  readonly quick: boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Measures one part; a measurement that fails is an error, never a number. What it starts it takes away, also when it fails. */
export type Measure = (context: BenchContext) => Promise<readonly Figure[]>;
