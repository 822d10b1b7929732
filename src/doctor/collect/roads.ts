import { known, unknown } from '../facts/facts.ts';
import type { Known, Network, Patient, Road } from '../facts/facts.ts';
import { roadKey } from '../facts/meet.ts';
import { isOnNetworks } from '../../model/networks.ts';
import { parseEngineName } from '../../nginx/token.ts';
import { ownNetworks, tryPort } from './requests.ts';

/** Tries the places that backends are sent to by `extra_hosts`, from here: only a container on their network goes the same way. */
export async function tryRoads(
  patients: readonly Patient[],
  networks: Known<readonly Network[]>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Known<Road>>> {
  const backends = patients.filter(({ part, container }) => part === 'backend' && container.state === 'running');
  const published = patients.some(
    ({ inspection }) => inspection.known && inspection.value.publishedPorts.some(({ hostPort }) => hostPort === 443),
  );
  const roads = new Map<string, Known<Road>>();
  for (const backend of backends) {
    for (const { name, address } of backend.inspection.known ? backend.inspection.value.extraHosts : []) {
      const key = roadKey(name, address);
      if (!roads.has(key)) roads.set(key, await tryRoad(backend, address, networks, published, signal));
    }
  }
  return roads;
}

async function tryRoad(
  backend: Patient,
  address: string,
  networks: Known<readonly Network[]>,
  published: boolean,
  signal: AbortSignal,
): Promise<Known<Road>> {
  const attachments = backend.container.networks;
  const own = ownNetworks();
  if (!attachments.some(({ ipv4, ipv6 }) => [ipv4, ipv6].some((place) => place !== undefined && isOnNetworks(place, own)))) {
    const network = parseEngineName(attachments[0]?.name ?? 'internal');
    const cure = network === undefined ? 'run it on one' : `run it with --network "${network}"`;
    return unknown(`the doctor is on no network of ${backend.container.name}; ${cure}`);
  }
  if (address !== 'host-gateway') return known(await tryPort(address, 443, signal));
  if (!published) return unknown('no container of this engine publishes port 443: TLS ends elsewhere');
  // What host-gateway stands for, unless the daemon was told otherwise (dockerd, host-gateway-ip).
  const bridge = networks.known ? networks.value.find(({ name }) => name === 'bridge')?.gateway : undefined;
  const gateway = bridge ?? attachments.flatMap(({ ipv4Gateway }) => ipv4Gateway ?? [])[0];
  return gateway === undefined ? unknown('the address of the host is not known') : known(await tryPort(gateway, 443, signal));
}
