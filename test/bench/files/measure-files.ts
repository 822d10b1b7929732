import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchSettings, Figure, MeasureAlone } from '../figure.ts';
import { replaceFile, replaceFileDurably } from './bare-writes.ts';
import { createSteps, observeRoutes } from './steps.ts';
import type { StepTimes } from './steps.ts';

type Round = StepTimes & { readonly bareMs: number; readonly durableMs: number };

const sizes = [1, 100, 1000] as const;
const warmUpRounds = 10;
const floor = 'floor';

/** From containers to the published file, step by step, beside bare writes of the same bytes on this disk. */
export const measureFiles: MeasureAlone = async (context) => {
  const figures: Figure[] = [];
  for (const routes of sizes) {
    const directory = await mkdtemp(join(tmpdir(), 'mg-'));
    try {
      figures.push(...figuresOf(routes, await takeRounds(context, directory, routes)));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    context.log(`${routes} routes: rendered and published`);
  }
  return figures;
};

/** Alternates between meet-gen and the floor, since a disk's speed varies over time. */
async function takeRounds({ rounds, signal }: BenchSettings, directory: string, routes: number): Promise<readonly Round[]> {
  const takeSteps = await createSteps(directory);
  const taken: Round[] = [];
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    signal.throwIfAborted();
    const steps = await takeSteps(observeRoutes(routes, round + warmUpRounds));
    const bareMs = await timed(() => replaceFile(directory, steps.content));
    const durableMs = await timed(() => replaceFileDurably(directory, steps.content));
    if (round >= 0) taken.push({ ...steps, bareMs, durableMs });
  }
  return taken;
}

async function timed(act: () => Promise<void>): Promise<number> {
  const fromMs = performance.now();
  await act();
  return performance.now() - fromMs;
}

function figuresOf(routes: number, rounds: readonly Round[]): readonly Figure[] {
  const where = routes === 1 ? '1 route' : `${routes.toLocaleString('en-US')} routes`;
  const figure = (what: string, read: (round: Round) => number, who = 'meet-gen', unit: Figure['unit'] = 'ms'): Figure => ({
    part: 'files',
    what,
    where,
    who,
    unit,
    samples: rounds.map(read),
  });
  return [
    figure('read the labels', ({ readMs }) => readMs),
    figure('plan', ({ planMs }) => planMs),
    figure('render', ({ renderMs }) => renderMs),
    figure('publish', ({ publishMs }) => publishMs),
    figure('publish: write, fsync, rename, fsync', ({ durableMs }) => durableMs, floor),
    figure('publish: write, rename', ({ bareMs }) => bareMs, floor),
    figure('publish, nothing changed', ({ publishAgainMs }) => publishAgainMs),
    figure('size of the file', ({ content }) => Buffer.byteLength(content) / 1000, 'meet-gen', 'kB'),
  ];
}
