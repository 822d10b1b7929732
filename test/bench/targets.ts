import type { Figure } from './figure.ts';
import { summarize } from './summary.ts';

/** Names one figure. */
type FigureName = Pick<Figure, 'part' | 'what' | 'where' | 'who'>;

/** A promise: a figure's median, or its ratio to another's, is at most so much. */
export interface Target {
  readonly name: string;
  readonly of: FigureName;
  /** What it is divided by. */
  readonly by?: FigureName;
  /** Absent where the ratio is only told. */
  readonly atMost?: number;
  readonly isBelow?: true;
}

export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly unit: Figure['unit'];
  readonly atMost?: number;
  /** Absent where nothing was promised. */
  readonly held?: boolean;
}

const live = (what: string, where: string, who = 'meet-gen'): FigureName => ({ part: 'live', what, where, who });
const faked = (what: string, where: string): FigureName => ({ part: 'faked', what, where, who: 'meet-gen' });
const footprint = (what: string, where: string, who = 'meet-gen'): FigureName => ({ part: 'footprint', what, where, who });

const served = 'start → served';
const cpu = 'CPU per round';
const engineCpu = "engine's CPU per round";

export const targets: readonly Target[] = [
  ...['5 beside', '50 beside', '300 beside'].map((where) => ({
    name: `${served}, ${where}: meet-gen / floor`,
    of: live(served, where),
    by: live(served, where, 'floor'),
    atMost: 1.3,
  })),
  {
    name: `${served}, 50 beside: meet-gen / peers' way`,
    of: live(served, '50 beside'),
    by: live(served, '50 beside', "peers' way"),
    atMost: 0.45,
  },
  // What nobody could be below.
  {
    name: `${served}, 50 beside: floor / peers' way`,
    of: live(served, '50 beside', 'floor'),
    by: live(served, '50 beside', "peers' way"),
  },
  {
    name: `${served}, 50 beside: meet-gen / docker-gen`,
    of: live(served, '50 beside'),
    by: live(served, '50 beside', 'docker-gen'),
    atMost: 0.33,
  },
  {
    name: `${cpu}, 50 beside: meet-gen / peers' way`,
    of: live(cpu, '50 beside'),
    by: live(cpu, '50 beside', "peers' way"),
    atMost: 0.35,
  },
  // What nothing could be far below that keeps the promise of a proof.
  ...['5 beside', '50 beside', '300 beside'].map((where) => ({
    name: `${cpu}, ${where}: meet-gen / floor that proves`,
    of: live(cpu, where),
    by: live(cpu, where, 'floor that proves'),
    atMost: 1.5,
  })),
  {
    name: `${cpu}, 50 beside: floor that proves / peers' way`,
    of: live(cpu, '50 beside', 'floor that proves'),
    by: live(cpu, '50 beside', "peers' way"),
  },
  ...['5 beside', '300 beside'].map((where) => ({
    name: `${cpu}, ${where}: meet-gen / peers' way`,
    of: live(cpu, where),
    by: live(cpu, where, "peers' way"),
  })),
  ...['50 beside', '300 beside'].map((where) => ({
    name: `${engineCpu}, ${where}: meet-gen / peers' way`,
    of: live(engineCpu, where),
    by: live(engineCpu, where, "peers' way"),
  })),
  { name: `${cpu}, 50 beside: meet-gen / docker-gen`, of: live(cpu, '50 beside'), by: live(cpu, '50 beside', 'docker-gen') },
  { name: 'lists per isolated event', of: live('lists per event', '50 beside'), atMost: 2 },
  { name: 'engine calls per irrelevant event', of: live('engine calls per irrelevant event', '50 beside'), atMost: 0 },
  { name: 'reloads in a burst of 1,000 events', of: faked('reloads', '1,000 events'), atMost: 5 },
  { name: 'right after the last of 1,000 events', of: faked('last event → right', '1,000 events'), atMost: 300 },
  { name: 'first pass, 10,000 containers', of: faked('first pass', '10,000 containers'), atMost: 2000, isBelow: true },
  {
    name: 'own time of one change, 10,000 containers',
    of: faked('own time of one change', '10,000 containers'),
    atMost: 50,
    isBelow: true,
  },
  {
    name: 'resident memory after start: meet-gen / bare Node',
    of: footprint('resident memory', 'after start'),
    by: footprint('resident memory', 'after start', 'bare Node'),
    atMost: 1.45,
  },
  {
    name: 'resident memory after 10,000 events: meet-gen / bare Node',
    of: footprint('resident memory', 'after 10,000 events'),
    by: footprint('resident memory', 'after start', 'bare Node'),
    atMost: 2,
  },
  { name: 'resident memory, 10,000 / 5,000 events', of: footprint('growth of resident memory', '5,000 to 10,000 events'), atMost: 1.05 },
  { name: 'process start → ready', of: footprint('process start → ready', 'first start'), atMost: 400 },
  { name: "the image's own layers", of: footprint("image's own layers", 'over its Node base'), atMost: 5 },
];

/** What the figures say of each target; one whose figures were not measured is left out. */
export function judge(figures: readonly Figure[], rows: readonly Target[] = targets): readonly Verdict[] {
  return rows.flatMap(({ name, of, by, atMost, isBelow }): readonly Verdict[] => {
    const measured = find(figures, of);
    const base = by === undefined ? undefined : find(figures, by);
    if (measured === undefined || (by !== undefined && base === undefined)) return [];
    const { median } = summarize(measured.samples);
    const value = base === undefined ? median : median / summarize(base.samples).median;
    const unit = base === undefined ? measured.unit : 'ratio';
    if (atMost === undefined) return [{ name, value, unit }];
    return [{ name, value, unit, atMost, held: isBelow === true ? value < atMost : value <= atMost }];
  });
}

function find(figures: readonly Figure[], { part, what, where, who }: FigureName): Figure | undefined {
  return figures.find((figure) => figure.part === part && figure.what === what && figure.where === where && figure.who === who);
}
