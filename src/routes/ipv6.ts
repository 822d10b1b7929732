import { usesHostNetwork } from '../model/address.ts';
import { ownOf, replicasOf } from '../model/in-rotation.ts';
import type { Instance } from '../model/instance.ts';

/**
 * Whether the frontends listen on IPv6: a container of the instance has an IPv6 address on a network of the frontends.
 * The kernel then has IPv6, and any nginx on it can listen on `::`. Other containers count, since a restarting frontend
 * has no address for a moment and must not lose its listener.
 */
export function hasIpv6(instance: Instance): boolean {
  const frontends = ownOf(instance, instance.frontends).map(({ container }) => container);
  const isOnHost = frontends.some(usesHostNetwork);
  const names = new Set(frontends.flatMap(({ networks }) => networks.map(({ name }) => name)));
  const networks = ownOf(instance, replicasOf([instance])).flatMap(({ container }) => container.networks);
  return networks.some(({ name, ipv6 }) => ipv6 !== undefined && (isOnHost || names.has(name)));
}
