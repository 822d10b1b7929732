import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/**
 * Files of the engine tier that take a minute or more, longest first. If one of these started last, the tier would wait
 * for it.
 */
const longest = [
  'e2e/doctor/doctor',
  'e2e/docs/newcomer',
  'e2e/access/access',
  'e2e/lifecycle/lifecycle',
  'e2e/refusal/refusal',
  'e2e/tenants/tenants',
  'e2e/lifecycle/frontends',
  'e2e/walk/walk',
].map((name) => `/test/${name}.test.ts`);

const place = ({ moduleId }: TestSpecification): number => {
  const found = longest.findIndex((name) => moduleId.endsWith(name));
  return found === -1 ? longest.length : found;
};

/** Starts the longest files first. Other files keep vitest's order, which has no durations in a fresh clone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of vitest's that has this name
    const usual = await super.sort(files);
    return usual.toSorted((one, other) => place(one) - place(other));
  }
}
