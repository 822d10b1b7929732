import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/setup/longest-first.ts';
import { TierReporter } from './test/setup/tier-reporter.ts';

/** A file for the results as JSON, for a program that adds up several runs. */
const reportFile = process.env['MEETGEN_TEST_REPORT'];

/**
 * The projects that test/tiers.ts makes tiers of. The global set-up of a project finds or downloads its needs: without
 * them the run fails, and no test is skipped. Groups run one after the other, so that a slow engine never makes a unit test
 * miss its deadline. Time-outs only end what hangs: a busy machine is ten times slower than an idle one.
 */
export default defineConfig({
  test: {
    reporters: ['default', new TierReporter(), ...(reportFile === undefined ? [] : ['json'])],
    ...(reportFile === undefined ? {} : { outputFile: { json: reportFile } }),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,golden,attack}/**/*.test.ts'],
          // The tested modules keep no state, so loading them once for all files takes a third of the time.
          isolate: false,
          testTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/page/**/*.test.ts', 'test/observability/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts', 'test/providers/browser/global-setup.ts', 'test/providers/prometheus/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'engine',
          include: ['test/machine/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts', 'test/providers/engine/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          maxWorkers: 3,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'engines',
          include: ['test/engines/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts', 'test/providers/engines/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          name: 'swarm',
          include: ['test/swarm/**/*.test.ts'],
          globalSetup: ['test/providers/swarm/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 6 },
        },
      },
      {
        test: {
          name: 'endurance',
          include: ['test/endurance/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts', 'test/providers/engine/global-setup.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 7 },
        },
      },
    ],
  },
});
