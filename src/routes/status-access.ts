import ipaddr from 'ipaddr.js';
import { isNetworkOfProject } from '../model/address.ts';
import { compareText } from '../model/foreign-text.ts';
import type { Instance, Replica } from '../model/instance.ts';
import type { NetworkAttachment } from '../model/container.ts';

/**
 * The subnets that may ask the status server, in CIDR form: those of the instance's own networks (the ones compose made
 * for its project, else the ones its upstreams are reached on). Neighbours on a network shared with others get nothing.
 */
export function statusSubnets(instance: Instance): readonly string[] {
  const attachments = replicasOf(instance).flatMap((replica) => replica.container.networks);
  const own = ownNetworks(instance);
  const subnets = attachments.filter((network) => own.has(network.name)).flatMap(subnetsOf);
  return [...new Set(subnets)].toSorted(compareText);
}

function ownNetworks(instance: Instance): ReadonlySet<string> {
  const names = new Set(instance.frontends.flatMap((frontend) => frontend.container.networks.map((network) => network.name)));
  const ofProject = [...names].filter((name) => isNetworkOfProject(name, instance.project));
  if (ofProject.length > 0) return new Set(ofProject);
  return new Set(instance.services.flatMap((service) => service.replicas.flatMap((replica) => replica.network ?? [])));
}

function replicasOf(instance: Instance): readonly Replica[] {
  return [...instance.frontends, ...instance.services.flatMap((service) => service.replicas)];
}

function subnetsOf(network: NetworkAttachment): readonly string[] {
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
