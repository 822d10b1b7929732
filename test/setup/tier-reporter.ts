import { cpus } from 'node:os';
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { processorLimit, tiers } from '../tiers.ts';

const shownFiles = 10;

/** A point in time. Both values are seconds, of which only differences count. */
interface Moment {
  readonly wall: number;
  /** The seconds of all the machine's processors, which include the engine and its containers. */
  readonly processor: number;
}

/**
 * Prints the ten slowest files, and the tier's wall and processor seconds. In CI, a tier fails if it uses more
 * processor time than its budget. Wall time has no budget, since it depends on the machine.
 */
export class TierReporter implements Reporter {
  private readonly begin = now();
  private firstTest: Moment | undefined;

  onTestModuleStart(): void {
    this.firstTest ??= now();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const start = this.firstTest;
    const tier = tiers.find(({ projects }) => projects.toSorted().join() === projectsOf(modules).join());
    if (start === undefined || tier === undefined) return;
    const end = now();
    const processor = end.processor - start.processor;
    const limit = processorLimit(tier);
    const lines = [
      'Slowest files:',
      ...slowest(modules),
      `${tier.command}: ${seconds(end.wall - start.wall)} wall (budget ${tier.budgetSeconds} s), ` +
        `${seconds(processor)} processor (limit ${limit} s), after ${seconds(start.wall - this.begin.wall)} of preparation`,
    ];
    console.log(`\n${lines.join('\n')}`);
    if (process.env['CI'] === undefined || processor <= limit) return;
    console.log(`${tier.command} used more processor time than its budget allows; see the slowest files above, and test/tiers.ts`);
    process.exitCode = 1;
  }
}

function now(): Moment {
  const milliseconds = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return { wall: performance.now() / 1000, processor: milliseconds / 1000 };
}

function projectsOf(modules: readonly TestModule[]): readonly string[] {
  return [...new Set(modules.map(({ project }) => project.name))].toSorted();
}

function slowest(modules: readonly TestModule[]): readonly string[] {
  return modules
    .map((module) => ({ file: relative(process.cwd(), module.moduleId), ms: module.diagnostic().duration }))
    .toSorted((one, other) => other.ms - one.ms)
    .slice(0, shownFiles)
    .map(({ file, ms }) => `${seconds(ms / 1000).padStart(8)}  ${file}`);
}

const seconds = (value: number): string => `${value.toFixed(1)} s`;
