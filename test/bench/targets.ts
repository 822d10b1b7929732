import type { Figure } from './figure.ts';
import { ofOff, ofSeed } from './path/comparison.ts';
import { summarize } from './summary.ts';

type FigureName = Pick<Figure, 'part' | 'what' | 'where' | 'who'>;

/** A promise: the limit of a figure's median, or of its ratio to another figure. */
export interface Target {
  readonly name: string;
  readonly of: FigureName;
  /** The divisor. */
  readonly by?: FigureName;
  /** At most one of the two. Without both, the ratio is shown but not judged. */
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly isBelow?: true;
}

export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly unit: Figure['unit'];
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Absent without a promise. */
  readonly held?: boolean;
}

const live = (what: string, where: string, who = 'meet-gen'): FigureName => ({ part: 'live', what, where, who });
const faked = (what: string, where: string): FigureName => ({ part: 'faked', what, where, who: 'meet-gen' });
const footprint = (what: string, where: string, who = 'meet-gen'): FigureName => ({ part: 'footprint', what, where, who });

const path = (what: string, where: string): FigureName => ({ part: 'path', what, where, who: 'meet-gen' });
const swarm = (what: string, where: string): FigureName => ({ part: 'swarm', what, where, who: 'meet-gen' });

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
  // The lower limit for every contender.
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
  // Close to the lower limit for every contender that keeps the promise of a proof.
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
  ...['/api', 'SPA'].flatMap((page) =>
    [32, 256].flatMap((connections): readonly Target[] => {
      const where = (nginx: string): string => `nginx ${nginx}, ${page}, ${connections} connections`;
      const ofNew = (what: string): FigureName => path(what, where('1.30'));
      return [
        { name: `${where('1.30')}: ${ofSeed.requests}`, of: ofNew(ofSeed.requests), atLeast: 0.97 },
        { name: `${where('1.30')}: ${ofSeed.p99}`, of: ofNew(ofSeed.p99), atMost: 1.1 },
        { name: `${where('1.30')}: ${ofSeed.timeWaits}`, of: ofNew(ofSeed.timeWaits), atMost: 0 },
        { name: `${where('1.22')}: ${ofSeed.requests}`, of: path(ofSeed.requests, where('1.22')), atLeast: 2.5 },
      ];
    }),
  ),
  ...['1.30', '1.22'].map((nginx): Target => {
    const where = `nginx ${nginx}, gunicorn sync, 32 connections`;
    return { name: `${where}: ${ofOff.requests}`, of: path(ofOff.requests, where), atLeast: 0.95 };
  }),
  ...['reader', 'plain manager'].flatMap((where): readonly Target[] => [
    { name: `a changed poll of 500 tasks, ${where}`, of: swarm('own time of a poll, one task changed', where), atMost: 15, isBelow: true },
    { name: `an unchanged poll of 500 tasks, ${where}`, of: swarm('own time of a poll, unchanged', where) },
  ]),
];

/** The verdict on each target. A target without measured figures is left out. */
export function judge(figures: readonly Figure[], rows: readonly Target[] = targets): readonly Verdict[] {
  return rows.flatMap(({ name, of, by, atMost, atLeast, isBelow }): readonly Verdict[] => {
    const measured = find(figures, of);
    const base = by === undefined ? undefined : find(figures, by);
    if (measured === undefined || (by !== undefined && base === undefined)) return [];
    const { median } = summarize(measured.samples);
    const value = base === undefined ? median : median / summarize(base.samples).median;
    const unit = base === undefined ? measured.unit : 'ratio';
    if (atLeast !== undefined) return [{ name, value, unit, atLeast, held: value >= atLeast }];
    if (atMost === undefined) return [{ name, value, unit }];
    return [{ name, value, unit, atMost, held: isBelow === true ? value < atMost : value <= atMost }];
  });
}

function find(figures: readonly Figure[], { part, what, where, who }: FigureName): Figure | undefined {
  return figures.find((figure) => figure.part === part && figure.what === what && figure.where === where && figure.who === who);
}
