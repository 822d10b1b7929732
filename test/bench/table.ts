import type { Figure } from './figure.ts';
import { summarize } from './summary.ts';
import type { Verdict } from './targets.ts';

const heads = ['part', 'what', 'where', 'who', 'median', 'p95', 'max', 'n'];
const textColumns = 4;

/** The figures as lines of a table, in the order of measurement. */
export function figureTable(figures: readonly Figure[]): readonly string[] {
  const rows = figures.map(({ part, what, where, who, unit, samples }) => {
    const { median, p95, max, n } = summarize(samples);
    return [part, what, where, who, amount(median, unit), amount(p95, unit), amount(max, unit), String(n)];
  });
  return align([heads, ...rows]);
}

/** A line for each target: its value, and whether the target is held. */
export function targetTable(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.map(({ name, value, unit, atMost, atLeast, held }) => {
    const word = held === undefined ? 'no target' : held ? 'held' : 'NOT held';
    const upper = atMost === undefined ? '' : `, at most ${amount(atMost, unit)}`;
    const lower = atLeast === undefined ? '' : `, at least ${amount(atLeast, unit)}`;
    return `${word.padEnd(10)} ${name}: ${amount(value, unit)}${upper}${lower}`;
  });
}

/** Three significant digits, and the unit. */
export function amount(value: number, unit: Figure['unit']): string {
  const size = Math.abs(value);
  const decimals = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const digits = value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  if (unit === 'count') return digits;
  return unit === 'ratio' ? `${digits}×` : `${digits} ${unit}`;
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < textColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}
