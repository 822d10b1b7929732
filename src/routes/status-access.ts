import ipaddr from 'ipaddr.js';
import { addressesOn, hostAddresses, isNetworkOfProject, usesHostNetwork } from '../model/address.ts';
import { compareText } from '../model/foreign-text.ts';
import { ownOf, replicasBehind, replicasOf } from '../model/in-rotation.ts';
import type { Instance, Replica } from '../model/instance.ts';
import type { NetworkAttachment } from '../model/container.ts';

/**
 * The subnets that may ask the status server, in CIDR form: those of the networks that compose made for the instance's
 * project and that its frontends share with its services; a project that has no network of its own uses shared ones.
 * Neighbours on a network that it merely joined get nothing.
 */
export function statusSubnets(instance: Instance): readonly string[] {
  const attachments = ownOf(instance, replicasOf([instance])).flatMap((replica) => replica.container.networks);
  const own = ownNetworks(instance);
  const subnets = attachments.filter((network) => own.has(network.name)).flatMap(subnetsOf);
  return [...new Set(subnets)].toSorted(compareText);
}

/**
 * Where a frontend's status server is asked. In host mode that is the host: at its own loopback address for a meet-gen in host mode,
 * and at the gateway of each of the instance's networks for a meet-gen on one of them.
 */
export function statusAddresses(instance: Instance, { container }: Pick<Replica, 'container'>): readonly string[] {
  if (!usesHostNetwork(container)) return addressesOn(container.networks);
  return hostAddresses(ownOf(instance, replicasOf([instance])).flatMap((replica) => replica.container.networks));
}

/**
 * By name, which stopped containers keep too: a restart must not change the answer. Anybody can name a network so, but the owner's
 * containers are not on it.
 */
function ownNetworks(instance: Instance): ReadonlySet<string> {
  const frontends = ownOf(instance, instance.frontends);
  const ofServices = networkNames(ownOf(instance, replicasBehind(instance)));
  // The host is on all of them.
  const isOnHost = frontends.some(({ container }) => usesHostNetwork(container));
  const ofFrontends = new Set([...networkNames(frontends), ...(isOnHost ? ofServices : [])]);
  const ofOthers = networkNames(replicasBehind(instance));
  const shared = [...ofFrontends].filter((name) => ofServices.has(name));
  const sharedWithOthers = [...ofFrontends].filter((name) => ofOthers.has(name));
  const isOwn = (name: string): boolean => isNetworkOfProject(name, instance.project);
  // The last choice is for a frontend that was cut off for a moment: it must answer us when it is back.
  const choices = [shared.filter(isOwn), [...ofFrontends].filter(isOwn), shared, sharedWithOthers, [...ofServices].filter(isOwn)];
  return new Set(choices.find((names) => names.length > 0));
}

function networkNames(replicas: readonly Replica[]): ReadonlySet<string> {
  return new Set(replicas.flatMap((replica) => replica.container.networks.map((network) => network.name)));
}

/** In CIDR form, without the bits of the container itself. */
export function subnetsOf(network: NetworkAttachment): readonly string[] {
  const v4 =
    network.ipv4 === undefined || network.ipv4PrefixLength === undefined
      ? []
      : [ipaddr.IPv4.networkAddressFromCIDR(`${network.ipv4}/${network.ipv4PrefixLength}`).toString() + `/${network.ipv4PrefixLength}`];
  const v6 =
    network.ipv6 === undefined || network.ipv6PrefixLength === undefined
      ? []
      : [ipaddr.IPv6.networkAddressFromCIDR(`${network.ipv6}/${network.ipv6PrefixLength}`).toString() + `/${network.ipv6PrefixLength}`];
  return [...v4, ...v6];
}
