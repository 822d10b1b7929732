import type { Instance, Replica } from './instance.ts';
import { networkOwnerOf } from './network-owner.ts';

/** All containers of these instances: the frontends, and those behind them. */
export function replicasOf(instances: readonly Instance[]): readonly Replica[] {
  return instances.flatMap((instance) => [...instance.frontends, ...replicasBehind(instance)]);
}

/** Whom the frontends or routers of an instance pass requests on to: who serves the SPA behind routers, and the services' replicas. */
export function replicasBehind({ spa = [], services }: Instance): readonly Replica[] {
  return [...spa, ...services.flatMap(({ replicas }) => replicas)];
}

/** Those of the project that the instance belongs to: the others decide nothing. */
export function ownOf({ project }: Pick<Instance, 'project'>, replicas: readonly Replica[]): readonly Replica[] {
  return replicas.filter((replica) => replica.project === project);
}

/** The ids of the containers that take requests, and of those whose network they use. */
export function inRotation(instances: readonly Instance[]): ReadonlySet<string> {
  const taking = replicasOf(instances).flatMap((replica) => (replica.inRotation ? [replica.container] : []));
  return new Set(taking.flatMap((container) => [container.id, networkOwnerOf(container) ?? container.id]));
}
