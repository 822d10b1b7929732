import type { Instance, Replica } from './instance.ts';
import { networkOwnerOf } from './network-owner.ts';

/** All containers of these instances: the frontends, the SPA behind routers, and the services' replicas. */
export function replicasOf(instances: readonly Instance[]): readonly Replica[] {
  return instances.flatMap((instance) => [...instance.frontends, ...replicasBehind(instance)]);
}

/**
 * The containers to which the frontends or routers pass requests: the SPA behind routers, and the services' replicas.
 */
export function replicasBehind({ spa = [], services }: Instance): readonly Replica[] {
  return [...spa, ...services.flatMap(({ replicas }) => replicas)];
}

/** The frontends that this meet-gen reloads and asks: those on its own node. */
export function frontendsHere({ frontends }: Pick<Instance, 'frontends'>): readonly Replica[] {
  return frontends.filter(({ container }) => container.isElsewhere !== true);
}

/** The replicas of the project that owns the instance: only these decide. */
export function ownOf({ project }: Pick<Instance, 'project'>, replicas: readonly Replica[]): readonly Replica[] {
  return replicas.filter((replica) => replica.project === project);
}

/** The ids of the containers in rotation, and of the containers whose network these use. */
export function inRotation(instances: readonly Instance[]): ReadonlySet<string> {
  const taking = replicasOf(instances).flatMap((replica) => (replica.inRotation ? [replica.container] : []));
  return new Set(taking.flatMap((container) => [container.id, networkOwnerOf(container) ?? container.id]));
}
