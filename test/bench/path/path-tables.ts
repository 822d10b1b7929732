import type { Figure } from '../figure.ts';
import { summarize } from '../summary.ts';
import { amount } from '../table.ts';

/** The figures in a cell, and a word behind the unit where the unit is ambiguous. */
type Columns = readonly (readonly [what: string, word: string])[];

const ofRequests: Columns = [
  ['requests', ''],
  ['p50', ''],
  ['p99', ''],
  ['CPU of nginx per request', ''],
  ['TIME_WAIT', ' TW'],
  ['refused requests', ' refused at most'],
  ['broken requests', ' broken at most'],
];
const ofBodies: Columns = [
  ['speed', ''],
  ['CPU of nginx', ''],
  ['resident memory, peak', ' resident'],
  ['temporary files, peak', ' temporary'],
];

/**
 * The part's medians and the maximum of failed requests, for `docs/routed-path.md`. Each place is a row, each contender
 * a column. A cell without a measurement is empty.
 */
export function pathTables(figures: readonly Figure[]): readonly string[] {
  const own = figures.filter(({ part }) => part === 'path');
  return [ofRequests, ofBodies].flatMap((columns) => markdown(own, columns));
}

function markdown(figures: readonly Figure[], columns: Columns): readonly string[] {
  const mine = figures.filter(({ what }) => columns.some(([name]) => name === what));
  if (mine.length === 0) return [];
  const contenders = [...new Set(mine.map(({ who }) => who))];
  const cell = (where: string, who: string): string =>
    columns
      .flatMap(([name, word]) => {
        const figure = mine.find((one) => one.what === name && one.where === where && one.who === who);
        if (figure === undefined) return [];
        const { median, max } = summarize(figure.samples);
        return [`${amount(word.endsWith('at most') ? max : median, figure.unit)}${word}`];
      })
      .join(', ');
  return [
    row(['', ...contenders]),
    row(['---', ...contenders.map(() => '---')]),
    ...[...new Set(mine.map(({ where }) => where))].map((where) => row([where, ...contenders.map((who) => cell(where, who))])),
    '',
  ];
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
