import { expect, it } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import { parseNginxVersion } from '../../../src/nginx/version.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { isRoutingStructure } from '../../../src/routes/structure-shape.ts';
import { goldenCases } from '../../golden/golden-cases.ts';

it.each(goldenCases())('accepts the structure of "$name" from a file', ({ observation, nginx }) => {
  const { instances } = readInstances(observation);
  expect(instances.length).toBeGreaterThan(0);
  for (const instance of instances) {
    const { structure } = planRouting(instance, [parseNginxVersion(nginx)]);
    expect(isRoutingStructure(JSON.parse(JSON.stringify(structure)))).toBe(true);
  }
});
