import { provideEngine } from '../providers/engine/provide-engine.ts';
import { provideImages } from '../providers/engine/stand-ins.ts';
import { cleanUp } from '../providers/engine/test-run.ts';
import { Interrupted } from '../demo/interruption.ts';
import type { BenchOptions } from './arguments.ts';
import type { Figure, Measure, Part } from './figure.ts';
import { describeMachine, type Machine } from './machine.ts';
import { measureFaked } from './faked/measure-faked.ts';
import { measureFiles } from './files/measure-files.ts';
import { measureFootprint } from './footprint/measure-footprint.ts';
import { measureLive } from './live/measure-live.ts';
import { measurePath } from './path/measure-path.ts';

const measures: Readonly<Partial<Record<Part, Measure>>> = {
  live: measureLive,
  faked: measureFaked,
  files: measureFiles,
  footprint: measureFootprint,
  path: measurePath,
};

const rounds = 30;
const quickRounds = 5;

export interface Measured {
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

/**
 * Measures the chosen parts one after the other, and removes everything afterwards.
 * @throws Interrupted if the signal was aborted; otherwise the error of a failed measurement
 */
export async function measureAll(options: BenchOptions, log: (line: string) => void, signal: AbortSignal): Promise<Measured> {
  const engine = await provideEngine({ log });
  try {
    const images = await provideImages(engine, { log });
    const machine = await describeMachine(engine, images);
    const context = { engine, images, rounds: options.quick ? quickRounds : rounds, quick: options.quick, log, signal };
    const figures: Figure[] = [];
    for (const part of options.only) {
      signal.throwIfAborted();
      figures.push(...((await measures[part]?.(context)) ?? []));
    }
    return { machine, figures };
  } catch (cause) {
    // An error after an interruption comes from the interruption.
    if (!signal.aborted) throw cause;
    throw new Interrupted('interrupted', { cause });
  } finally {
    await cleanUp(engine).catch((error: unknown) => log(`The cleanup failed: ${String(error)}`));
    await engine.stop();
  }
}
