import { provideEngine } from '../providers/engine/provide-engine.ts';
import { provideImages } from '../providers/engine/stand-ins.ts';
import { cleanUp } from '../providers/engine/test-run.ts';
import { Interrupted } from '../demo/interruption.ts';
import type { BenchOptions } from './arguments.ts';
import type { BenchSettings, Figure, Measure, MeasureAlone, Part } from './figure.ts';
import { describeEngine, describeMachine, type EngineVersions, type Machine } from './machine.ts';
import { measureFaked } from './faked/measure-faked.ts';
import { measureFiles } from './files/measure-files.ts';
import { measureFootprint } from './footprint/measure-footprint.ts';
import { measureLive } from './live/measure-live.ts';
import { measurePath } from './path/measure-path.ts';
import { measureSwarm } from './swarm/measure-swarm.ts';

const measures: Readonly<Partial<Record<Part, Measure>>> = { live: measureLive, footprint: measureFootprint, path: measurePath };
const measuresAlone: Readonly<Partial<Record<Part, MeasureAlone>>> = { faked: measureFaked, files: measureFiles, swarm: measureSwarm };

const rounds = 30;
const quickRounds = 5;

export interface Measured {
  readonly machine: Machine & Partial<EngineVersions>;
  readonly figures: readonly Figure[];
}

/**
 * Measures the chosen parts one after the other, and removes everything afterwards.
 * @throws Interrupted if the signal was aborted; otherwise the error of a failed measurement
 */
export async function measureAll(options: BenchOptions, log: (line: string) => void, signal: AbortSignal): Promise<Measured> {
  const settings = { rounds: options.quick ? quickRounds : rounds, quick: options.quick, log, signal };
  const machine = describeMachine();
  try {
    const alone = await measureEach(options.only, (part) => measuresAlone[part]?.(settings), signal);
    if (options.only.every((part) => measuresAlone[part] !== undefined)) return { machine, figures: alone };
    const { versions, figures } = await measureOnEngine(options.only, settings);
    return { machine: { ...machine, ...versions }, figures: [...figures, ...alone] };
  } catch (cause) {
    // An error after an interruption comes from the interruption.
    if (!signal.aborted) throw cause;
    throw new Interrupted('interrupted', { cause });
  }
}

async function measureOnEngine(
  chosen: readonly Part[],
  settings: BenchSettings,
): Promise<{ readonly versions: EngineVersions; readonly figures: readonly Figure[] }> {
  const { log, signal } = settings;
  const engine = await provideEngine({ log });
  try {
    const images = await provideImages(engine, { log });
    const versions = await describeEngine(engine, images);
    return { versions, figures: await measureEach(chosen, (part) => measures[part]?.({ ...settings, engine, images }), signal) };
  } finally {
    await cleanUp(engine).catch((error: unknown) => log(`The cleanup failed: ${String(error)}`));
    await engine.stop();
  }
}

async function measureEach(
  chosen: readonly Part[],
  measure: (part: Part) => Promise<readonly Figure[]> | undefined,
  signal: AbortSignal,
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const part of chosen) {
    signal.throwIfAborted();
    figures.push(...((await measure(part)) ?? []));
  }
  return figures;
}
