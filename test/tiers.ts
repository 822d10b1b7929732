/** A group of tests with one command, and how long it may take. */
interface Tier {
  readonly command: string;
  /** Projects of vitest.config.ts. */
  readonly projects: readonly string[];
  /** On two cores, once whatever it needs is there. */
  readonly budgetSeconds: number;
}

/** The tiers that have a budget; test/README.md says what each needs. */
export const tiers: readonly Tier[] = [
  { command: 'npm test', projects: ['unit', 'integration'], budgetSeconds: 120 },
  { command: 'npm run test:browser', projects: ['browser'], budgetSeconds: 120 },
  { command: 'npm run test:engine', projects: ['engine'], budgetSeconds: 480 },
];

/** Two processors that are busy for all of the budget use twice its seconds. */
const budgetProcessors = 2;

/** The processor seconds that a tier may use at most. */
export function processorLimit({ budgetSeconds }: Tier): number {
  return budgetProcessors * budgetSeconds;
}
