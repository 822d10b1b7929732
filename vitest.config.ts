import { defineConfig } from 'vitest/config';

/**
 * `unit` needs nothing, `integration` the built command, `engine` a real Docker engine, which its global set-up finds
 * or starts: without one the run fails, and no test is skipped. Groups run one after the other, so that a slow engine
 * never makes a unit test miss its deadline.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 10_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'engine',
          include: ['test/golden/**/*.test.ts', 'test/attack/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/engine/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
