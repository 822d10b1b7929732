import { defineConfig } from 'vitest/config';

/**
 * `unit` needs nothing, `integration` the built command, `page` a browser, `observability` Prometheus and `engine` a real
 * Docker engine, which their global set-ups find or bring: without one the run fails, and no test is skipped. Groups run one after the other, so that a slow engine
 * never makes a unit test miss its deadline. `npm test` is these five; `endurance` is `npm run test:endurance`: hours of
 * a Meet's life in minutes, one test file at a time, with times asserted. Time-outs only end what hangs: a busy machine is ten
 * times slower than an idle one.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'page',
          include: ['test/page/**/*.test.ts'],
          globalSetup: ['test/providers/browser/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'observability',
          include: ['test/observability/**/*.test.ts'],
          globalSetup: ['test/providers/prometheus/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'engine',
          include: ['test/golden/**/*.test.ts', 'test/attack/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/providers/engine/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          name: 'endurance',
          include: ['test/endurance/**/*.test.ts'],
          globalSetup: ['test/providers/engine/global-setup.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 6 },
        },
      },
    ],
  },
});
