/** A group of tests with one command, and how long it may take. */
interface Tier {
  readonly command: string;
  /** Projects of vitest.config.ts. */
  readonly projects: readonly string[];
  /** Wall time on two cores, after all downloads. */
  readonly budgetSeconds: number;
}

/** The tiers that have a budget; test/README.md says what each needs. */
export const tiers: readonly Tier[] = [
  { command: 'npm test', projects: ['unit', 'integration'], budgetSeconds: 120 },
  { command: 'npm run test:browser', projects: ['browser'], budgetSeconds: 120 },
  { command: 'npm run test:engine', projects: ['engine'], budgetSeconds: 480 },
  { command: 'npm run test:engines', projects: ['engines'], budgetSeconds: 360 },
  { command: 'npm run test:swarm', projects: ['swarm'], budgetSeconds: 360 },
];

const budgetProcessors = 2;

/** The processor seconds at which a tier fails in CI: twice what its budget is on two cores. */
export function processorLimit({ budgetSeconds }: Tier): number {
  return 2 * budgetProcessors * budgetSeconds;
}
