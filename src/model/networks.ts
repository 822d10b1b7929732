import ipaddr from 'ipaddr.js';
import { compareText } from './untrusted-text.ts';

/**
 * The addresses in both lists of CIDR networks and single addresses. Two networks are disjoint, or one contains the
 * other.
 */
export function intersectNetworks(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...new Set([...networksWithin(left, right), ...networksWithin(right, left)])].toSorted(compareText);
}

export function isOnNetworks(address: string, networks: readonly string[]): boolean {
  return ipaddr.isValid(address) && networks.some((network) => contains(network, address));
}

function networksWithin(inner: readonly string[], outer: readonly string[]): readonly string[] {
  return inner.filter((network) => outer.some((other) => contains(other, network)));
}

function contains(outer: string, inner: string): boolean {
  const [outerAddress, outerLength] = cidrOf(outer);
  const [innerAddress, innerLength] = cidrOf(inner);
  return outerAddress.kind() === innerAddress.kind() && outerLength <= innerLength && innerAddress.match(outerAddress, outerLength);
}

function cidrOf(network: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (network.includes('/')) return ipaddr.parseCIDR(network);
  const address = ipaddr.parse(network);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
