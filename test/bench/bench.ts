import { writeFileSync } from 'node:fs';
import { Interrupted, interruption } from '../demo/interruption.ts';
import { NotProvided } from '../providers/not-provided.ts';
import { help, readArguments, type Wish } from './arguments.ts';
import { measureAll } from './measure-all.ts';
import { pathTables } from './path/path-tables.ts';
import { figureTable, targetTable } from './table.ts';
import { judge } from './targets.ts';

// `npm run bench`: how fast and how light meet-gen is, beside what is possible and what others do; see arguments.ts.

const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function bench(wish: Wish): Promise<void> {
  const signal = interruption(() => 'Ended at once; remove the rest with: npx tsx test/providers/engine/cli.ts clean');
  const date = new Date().toISOString();
  const { machine, figures } = await measureAll(wish, log, signal);
  const verdicts = judge(figures);
  for (const line of [...figureTable(figures), '', ...targetTable(verdicts), '', ...pathTables(figures)]) print(line);
  const json = JSON.stringify({ date, quick: wish.quick, machine, targets: verdicts, figures }, undefined, 1);
  if (wish.json === undefined) print(json);
  else writeFileSync(wish.json, `${json}\n`);
}

async function main(): Promise<number> {
  const wish = readArguments(process.argv.slice(2));
  if (wish === 'help') {
    process.stdout.write(help);
    return exitCodes.ok;
  }
  if ('refused' in wish) {
    process.stderr.write(`${wish.refused}\n\n${help}`);
    return exitCodes.usage;
  }
  try {
    await bench(wish);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Interrupted) {
      log('Interrupted, and cleaned up');
      return exitCodes.interrupted;
    }
    if (error instanceof NotProvided) log(error.message);
    else log(`The bench failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return exitCodes.failed;
  }
}

process.exitCode = await main();
