import ipaddr from 'ipaddr.js';
import type { NetworkAttachment } from '../model/container.ts';

/** Whether an address is in the subnet of a container's network. */
export function subnetMatch({ ipv4, ipv4PrefixLength, ipv6, ipv6PrefixLength }: NetworkAttachment, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const own = ipaddr.parse(address);
  const subnets = [
    { base: ipv4, bits: ipv4PrefixLength },
    { base: ipv6, bits: ipv6PrefixLength },
  ];
  return subnets.some(({ base, bits }) => {
    if (base === undefined || bits === undefined) return false;
    const network = ipaddr.parse(base);
    return network.kind() === own.kind() && own.match(network, bits);
  });
}
