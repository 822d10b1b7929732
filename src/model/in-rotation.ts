import type { Instance } from './instance.ts';
import { networkOwnerOf } from './network-owner.ts';

/** The ids of the containers that take requests, and of those whose network they use. */
export function inRotation(instances: readonly Instance[]): ReadonlySet<string> {
  const replicas = instances.flatMap(({ frontends, spa, services }) => [
    ...frontends,
    ...(spa ?? []),
    ...services.flatMap((service) => service.replicas),
  ]);
  const taking = replicas.filter((replica) => replica.inRotation).map(({ container }) => container);
  return new Set(taking.flatMap((container) => [container.id, networkOwnerOf(container) ?? container.id]));
}
