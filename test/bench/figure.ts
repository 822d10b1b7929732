import type { Engine } from '../providers/engine/docker-command.ts';
import type { Images } from '../providers/engine/stand-ins.ts';

export const parts = ['live', 'faked', 'files', 'footprint', 'path', 'swarm'] as const;
export type Part = (typeof parts)[number];

/** One measured quantity of one contender. */
export interface Figure {
  readonly part: Part;
  /** 'start → served', 'engine calls per round', … */
  readonly what: string;
  /** '5 beside', '1,000 events', … */
  readonly where: string;
  /**
   * 'meet-gen', 'floor', 'floor that proves', "peers' way", 'docker-gen', 'bare Node', 'seed', 'resolve', 'bare nginx',
   * 'reader', 'plain manager'
   */
  readonly who: string;
  readonly unit: 'ms' | 'µs' | '/s' | 'MB/s' | 'MB' | 'kB' | 'count' | 'ratio';
  /** One or more. */
  readonly samples: readonly number[];
}

export interface BenchSettings {
  /** Measured rounds per contender and place. */
  readonly rounds: number;
  /** Fewer rounds and places, to try the bench. */
  readonly quick: boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface BenchContext extends BenchSettings {
  readonly engine: Engine;
  readonly images: Images;
}

/** Measures one part, and removes everything afterwards. A failed measurement is an error, never a number. */
export type Measure = (context: BenchContext) => Promise<readonly Figure[]>;

/** A measurement without a Docker engine. */
export type MeasureAlone = (settings: BenchSettings) => Promise<readonly Figure[]>;
