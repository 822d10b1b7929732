import { writeFileSync } from 'node:fs';
import { Interrupted, interruption } from '../demo/interruption.ts';
import { NotProvided } from '../providers/not-provided.ts';
import { help, readArguments, type BenchOptions } from './arguments.ts';
import { measureAll } from './measure-all.ts';
import { pathTables } from './path/path-tables.ts';
import { figureTable, targetTable } from './table.ts';
import { judge } from './targets.ts';

// `npm run bench`: the speed and the cost of meet-gen, beside bare scripts and docker-gen. arguments.ts has the
// options.

const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function bench(options: BenchOptions): Promise<void> {
  const signal = interruption(() => 'Ended without a cleanup. Remove the rest: npx tsx test/providers/engine/cli.ts clean');
  const date = new Date().toISOString();
  const { machine, figures } = await measureAll(options, log, signal);
  const verdicts = judge(figures);
  for (const line of [...figureTable(figures), '', ...targetTable(verdicts), '', ...pathTables(figures)]) print(line);
  const json = JSON.stringify({ date, quick: options.quick, machine, targets: verdicts, figures }, undefined, 1);
  if (options.json === undefined) print(json);
  else writeFileSync(options.json, `${json}\n`);
}

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(help);
    return exitCodes.ok;
  }
  if ('refused' in options) {
    process.stderr.write(`${options.refused}\n\n${help}`);
    return exitCodes.usage;
  }
  try {
    await bench(options);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Interrupted) {
      log('Interrupted; everything is removed');
      return exitCodes.interrupted;
    }
    if (error instanceof NotProvided) log(error.message);
    else log(`The bench failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return exitCodes.failed;
  }
}

process.exitCode = await main();
