import ipaddr from 'ipaddr.js';
import { addressesOn, hostAddresses, isNetworkOfProject, usesHostNetwork } from '../model/address.ts';
import { compareText } from '../model/untrusted-text.ts';
import { ownOf, replicasBehind, replicasOf } from '../model/in-rotation.ts';
import type { Instance, Replica } from '../model/instance.ts';
import type { NetworkAttachment } from '../model/container.ts';

/**
 * The subnets that may ask the status server, in CIDR form: those of the project's own networks that the frontends
 * share with the services. If the project has no own network, the shared networks count. Other containers on a network
 * that the project only joined get no access.
 */
export function statusSubnets(instance: Instance): readonly string[] {
  const attachments = ownOf(instance, replicasOf([instance])).flatMap((replica) => replica.container.networks);
  const own = ownNetworks(instance);
  const subnets = attachments.filter((network) => own.has(network.name)).flatMap(subnetsOf);
  return [...new Set(subnets)].toSorted(compareText);
}

/**
 * The addresses at which meet-gen asks a frontend's status server. A frontend in host mode has loopback, for a meet-gen
 * in host mode, and the gateways of the instance's networks.
 */
export function statusAddresses(instance: Instance, { container }: Pick<Replica, 'container'>): readonly string[] {
  if (!usesHostNetwork(container)) return addressesOn(container.networks);
  return hostAddresses(ownOf(instance, replicasOf([instance])).flatMap((replica) => replica.container.networks));
}

/**
 * By network name, which stopped containers keep: a restart must not change the result. Another project can choose such
 * a name, but the owner's containers are not on its network.
 */
function ownNetworks(instance: Instance): ReadonlySet<string> {
  const frontends = ownOf(instance, instance.frontends);
  const ofServices = networkNames(ownOf(instance, replicasBehind(instance)));
  const isOnHost = frontends.some(({ container }) => usesHostNetwork(container));
  const ofFrontends = new Set([...networkNames(frontends), ...(isOnHost ? ofServices : [])]);
  const ofOthers = networkNames(replicasBehind(instance));
  const shared = [...ofFrontends].filter((name) => ofServices.has(name));
  const sharedWithOthers = [...ofFrontends].filter((name) => ofOthers.has(name));
  const isOwn = (name: string): boolean => isNetworkOfProject(name, instance.project);
  // The last choice is for a frontend that lost its networks for a moment: meet-gen must be able to ask it afterwards.
  const choices = [shared.filter(isOwn), [...ofFrontends].filter(isOwn), shared, sharedWithOthers, [...ofServices].filter(isOwn)];
  return new Set(choices.find((names) => names.length > 0));
}

function networkNames(replicas: readonly Replica[]): ReadonlySet<string> {
  return new Set(replicas.flatMap((replica) => replica.container.networks.map((network) => network.name)));
}

/** In CIDR form, without host bits. */
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
