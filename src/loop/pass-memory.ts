import type { Instance } from '../model/instance.ts';
import { createReadings } from '../model/readings.ts';
import type { Readings } from '../model/readings.ts';
import type { NginxVersion } from '../nginx/version.ts';
import { planRouting } from '../routes/plan.ts';
import type { RoutingPlan } from '../routes/plan.ts';

/** Results of the last pass, so that the next pass does no work for an unchanged instance. */
export interface PassMemory {
  readonly readings: Readings<Instance>;
  /** As `planRouting`, with the same plan object for the same instance and versions. */
  plan(instance: Instance, versions: readonly (NginxVersion | undefined)[]): RoutingPlan;
}

export function createPassMemory(): PassMemory {
  const plans = new WeakMap<Instance, { readonly versions: string; readonly plan: RoutingPlan }>();
  return {
    readings: createReadings(),
    plan(instance, versions) {
      const text = JSON.stringify(versions);
      const known = plans.get(instance);
      if (known?.versions === text) return known.plan;
      const plan = planRouting(instance, versions);
      plans.set(instance, { versions: text, plan });
      return plan;
    },
  };
}
