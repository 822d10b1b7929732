import type { Instance, Replica } from './instance.ts';
import { networkOwnerOf } from './network-owner.ts';

/** All containers of these instances: the frontends, who serves the SPA behind routers, and the services' replicas. */
export function replicasOf(instances: readonly Instance[]): readonly Replica[] {
  return instances.flatMap(({ frontends, spa, services }) => [
    ...frontends,
    ...(spa ?? []),
    ...services.flatMap((service) => service.replicas),
  ]);
}

/** The ids of the containers that take requests, and of those whose network they use. */
export function inRotation(instances: readonly Instance[]): ReadonlySet<string> {
  const taking = replicasOf(instances).flatMap((replica) => (replica.inRotation ? [replica.container] : []));
  return new Set(taking.flatMap((container) => [container.id, networkOwnerOf(container) ?? container.id]));
}
