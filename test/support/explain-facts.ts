import type { Facts, Routing } from '../../src/explain/facts.ts';
import type { Container, Note } from '../../src/model/container.ts';
import { readInstances } from '../../src/model/read-instances.ts';
import type { InstanceChoice } from '../../src/model/read-instances.ts';
import type { Problem } from '../../src/model/problem.ts';
import { planRouting } from '../../src/routes/plan.ts';
import { describeInstance } from '../../src/status/snapshot.ts';
import { observe } from './containers.ts';

/** Facts besides the containers. */
export interface FactOptions {
  readonly choice?: InstanceChoice;
  readonly stopping?: readonly string[];
  readonly notes?: Readonly<Record<string, Note>>;
  /** Changes the published routing, by default that of the labels. Null means not published. */
  readonly published?: (routing: Routing) => Routing | null;
  readonly problems?: readonly Problem[];
  /** The generation that each frontend serves, by its name. The default is the published generation. */
  readonly running?: Readonly<Record<string, string>>;
  readonly ownTemplates?: boolean;
  /** nginx is checking the structure that the labels ask for. */
  readonly isOnTrial?: boolean;
}

const generation = 'a'.repeat(16);
export const newerGeneration = 'b'.repeat(16);

/** The facts about these containers, as the sidecar knows them once everything is published and proven. */
export function factsOf(containers: readonly Container[], options: FactOptions = {}): Facts {
  const { choice, published: publish = (routing) => routing } = options;
  const { instances, problems } = readInstances(observe(containers, options.stopping, options.notes), choice);
  const planned = instances.map((instance) => ({
    instance,
    plan: instance.frontends.length === 0 ? undefined : planRouting(instance, []),
  }));
  return {
    instances: planned.map(({ instance, plan }) => {
      const published = plan === undefined ? undefined : (publish(plan) ?? undefined);
      const file = `/routing/${instance.name}/routing.conf`;
      const target = published === undefined ? undefined : { file, generation, routes: plan?.routes ?? [] };
      const proofs = instance.frontends.map(({ container: { id, name } }) => {
        const runningGeneration = options.running?.[name] ?? generation;
        return [id, { phase: runningGeneration === generation ? 'live' : 'reloading', runningGeneration }] as const;
      });
      return {
        instance,
        status: describeInstance(
          instance,
          target,
          { generation: published === plan ? generation : newerGeneration, isOnTrial: options.isOnTrial ?? false },
          new Map(proofs),
        ),
        ...(published === undefined ? {} : { published }),
        ...(plan === undefined ? {} : { wanted: plan }),
      };
    }),
    problems: [...problems, ...planned.flatMap(({ plan }) => plan?.problems ?? []), ...(options.problems ?? [])],
    only: choice?.only,
    ownTemplates: options.ownTemplates ?? false,
  };
}
