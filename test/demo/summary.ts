import type { Screen } from './screen.ts';
import type { Tally } from './traffic.ts';

export interface StepResult {
  readonly title: string;
  /** The times of the step's slowest change; absent without a change. */
  readonly servingMs?: number;
  readonly liveMs?: number;
  readonly tally: Tally;
}

const widths = [34, 14, 12, 8, 8, 8, 10];
const heads = ['step', 'event→served', 'event→live', 'ok', '503', 'failed', 'slowest'];

/** Shows the table at the end: the times of each change, and the background requests. */
export function showSummary(screen: Screen, results: readonly StepResult[]): void {
  screen.line(screen.paint('bold', row(heads)));
  for (const [index, { title, servingMs, liveMs, tally }] of results.entries()) {
    const cells = [
      `${String(index + 1).padStart(2)} ${title}`,
      ms(servingMs),
      ms(liveMs),
      count(tally.ok),
      count(tally.refused),
      count(tally.failed),
      tally.slowestMs === 0 ? '–' : `${Math.round(tally.slowestMs)} ms`,
    ];
    screen.line(tally.failed === 0 ? row(cells) : screen.paint('red', row(cells)));
  }
  const sum = (pick: (tally: Tally) => number): string => String(results.reduce((total, { tally }) => total + pick(tally), 0));
  const totals = [sum(({ ok }) => ok), sum(({ refused }) => refused), sum(({ failed }) => failed)];
  screen.line(screen.paint('bold', row(['   all requests', '', '', ...totals])));
}

const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value} ms`);
const count = (value: number): string => (value === 0 ? '–' : String(value));

function row(cells: readonly string[]): string {
  const [first = '', ...rest] = cells;
  return `   ${first.padEnd(widths[0] ?? 0)}${rest.map((cell, index) => cell.padStart(widths[index + 1] ?? 0)).join('')}`.trimEnd();
}
