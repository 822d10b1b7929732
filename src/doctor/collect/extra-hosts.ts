import { known, unknown } from '../facts/facts.ts';
import type { Known, Network, Subject, Reachability } from '../facts/facts.ts';
import { extraHostKey } from '../facts/meet.ts';
import { isOnNetworks } from '../../model/networks.ts';
import { parseEngineName } from '../../nginx/token.ts';
import { ownNetworks, tryPort } from './requests.ts';

/**
 * Tries the addresses in the `extra_hosts` of backends. A container takes the same path only on a network of the
 * backend.
 */
export async function tryExtraHosts(
  subjects: readonly Subject[],
  networks: Known<readonly Network[]>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Known<Reachability>>> {
  const backends = subjects.filter(({ part, container }) => part === 'backend' && container.state === 'running');
  const published = subjects.some(
    ({ inspection }) => inspection.known && inspection.value.publishedPorts.some(({ hostPort }) => hostPort === 443),
  );
  const results = new Map<string, Known<Reachability>>();
  for (const backend of backends) {
    for (const { name, address } of backend.inspection.known ? backend.inspection.value.extraHosts : []) {
      const key = extraHostKey(name, address);
      if (!results.has(key)) results.set(key, await tryExtraHost(backend, address, networks, published, signal));
    }
  }
  return results;
}

async function tryExtraHost(
  backend: Subject,
  address: string,
  networks: Known<readonly Network[]>,
  published: boolean,
  signal: AbortSignal,
): Promise<Known<Reachability>> {
  const attachments = backend.container.networks;
  const own = ownNetworks();
  if (!attachments.some(({ ipv4, ipv6 }) => [ipv4, ipv6].some((place) => place !== undefined && isOnNetworks(place, own)))) {
    const network = parseEngineName(attachments[0]?.name ?? 'internal');
    const cure = network === undefined ? 'run the doctor on one' : `run the doctor with --network "${network}"`;
    return unknown(`the doctor is on no network of ${backend.container.name}; ${cure}`);
  }
  if (address !== 'host-gateway') return known(await tryPort(address, 443, signal));
  if (!published) return unknown('no container on this engine publishes port 443, so TLS ends on another machine or program');
  // The default address of host-gateway; the daemon's option host-gateway-ip can change it.
  const bridge = networks.known ? networks.value.find(({ name }) => name === 'bridge')?.gateway : undefined;
  const gateway = bridge ?? attachments.flatMap(({ ipv4Gateway }) => ipv4Gateway ?? [])[0];
  return gateway === undefined ? unknown('the address of the host is unknown') : known(await tryPort(gateway, 443, signal));
}
