import type { Container, NetworkAttachment } from './container.ts';
import { compareText, showUntrustedText } from './untrusted-text.ts';
import type { Member } from './member.ts';
import { networkOwnerOf } from './network-owner.ts';
import { parseEngineName } from '../nginx/token.ts';
import { pastedName } from './pasted-name.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';
import { defined } from '../util/defined.ts';

/** The address at which nginx reaches a container: `address` is an IPv4 address, or an IPv6 address in brackets. */
export interface Address {
  readonly network: string;
  readonly address: string;
}

/**
 * The networks on which a frontend reaches upstreams, by name, each as the frontend is attached to it. `all` is for
 * frontends in host mode: the host reaches every bridge.
 */
export type Reachable = ReadonlyMap<string, NetworkAttachment> | 'all';

/** The engine's names for a missing network. Containers can't be reached or connected there. */
const notNetworks: ReadonlySet<string> = new Set(['host', 'none']);

/**
 * The networks that all these containers share. Containers in host mode are left out: they reach the networks of the
 * others.
 */
export function sharedNetworks(containers: readonly Container[]): Reachable {
  const bridged = containers.filter((container) => !usesHostNetwork(container));
  if (containers.length > 0 && bridged.length === 0) return 'all';
  const [first, ...others] = bridged.map((container) => new Map(container.networks.map((network) => [network.name, network])));
  return new Map([...(first ?? [])].filter(([name]) => !notNetworks.has(name) && others.every((networks) => networks.has(name))));
}

/** Whether a container is in host mode (`network_mode: host`), or uses the network of a container in host mode. */
export function usesHostNetwork({ networkMode }: Pick<Container, 'networkMode'>): boolean {
  return networkMode === 'host';
}

/**
 * Whether a network belongs to the project. Compose puts the project's name in front; Coolify and Dokploy use the name
 * alone.
 */
export function isNetworkOfProject(network: string, project: string | undefined): boolean {
  return project !== undefined && (network === project || network.startsWith(`${project}_`));
}

/** A network's name in the project's compose file. */
export function shortNetworkName(network: string, project: string | undefined): string {
  return project !== undefined && network.startsWith(`${project}_`) ? network.slice(project.length + 1) : network;
}

/**
 * Chooses the address of a member on a network that it shares with the owner's frontends. `meet.network` comes first,
 * then the compose project's own networks, then the order of names; IPv4 comes before IPv6. In host mode the address is
 * the host's own on such a network. The order is fixed, so the same containers give the same address.
 */
export function chooseAddress(member: Member, reachable: Reachable): { address?: Address; problems: readonly Problem[] } {
  const candidates = attachmentsOf(member, reachable).toSorted((left, right) => preferNetwork(member, left, right));
  if (candidates.length === 0) return { problems: [noSharedNetwork(member, reachable)] };
  const problems = isWantedNetworkMissing(member, candidates) ? [networkNotShared(member, reachable)] : [];
  for (const network of candidates) {
    const address = addressOn(network);
    if (address !== undefined) return { address: { network: network.name, address }, problems };
  }
  return { problems: [...problems, noAddress(member)] };
}

/**
 * The reachable networks of a member. A member in host mode is reached through the host, at the gateway of each
 * network.
 */
function attachmentsOf({ container }: Member, reachable: Reachable): readonly NetworkAttachment[] {
  const isOnHost = usesHostNetwork(container);
  if (reachable === 'all') return isOnHost ? [loopback] : container.networks.filter(({ name }) => !notNetworks.has(name));
  return isOnHost ? [...reachable.values()].map(hostOn) : container.networks.filter(({ name }) => reachable.has(name));
}

/** The address on which containers in host mode reach each other. */
export const loopback: NetworkAttachment = { name: 'host', ipv4: '127.0.0.1' };

/**
 * The addresses of the status servers of frontends in host mode. A meet-gen in host mode uses loopback; a meet-gen on
 * one of these networks uses the gateways.
 */
export function hostAddresses(networks: readonly NetworkAttachment[]): readonly string[] {
  const gateways = networks.flatMap((network) => addressOn(hostOn(network)) ?? []);
  return [...new Set([...addressesOn([loopback]), ...gateways.toSorted(compareText)])];
}

export function addressesOn(networks: readonly NetworkAttachment[]): readonly string[] {
  return networks.flatMap((network) => addressOn(network) ?? []);
}

function hostOn({ name, ipv4Gateway, ipv6Gateway }: NetworkAttachment): NetworkAttachment {
  return {
    name,
    ...defined({ ipv4: ipv4Gateway, ipv6: ipv6Gateway }),
  };
}

function isWantedNetworkMissing(member: Member, candidates: readonly NetworkAttachment[]): boolean {
  const wanted = member.labels.network;
  return wanted !== undefined && !candidates.some((network) => isNamed(network, wanted, member.project));
}

function addressOn(network: NetworkAttachment): string | undefined {
  return network.ipv4 ?? (network.ipv6 === undefined ? undefined : `[${network.ipv6}]`);
}

function preferNetwork(member: Member, left: NetworkAttachment, right: NetworkAttachment): number {
  return weigh(member, left) - weigh(member, right) || compareText(left.name, right.name);
}

function weigh(member: Member, network: NetworkAttachment): number {
  if (member.labels.network !== undefined && isNamed(network, member.labels.network, member.project)) return 0;
  return isNetworkOfProject(network.name, member.project) ? 1 : 2;
}

function isNamed(network: NetworkAttachment, name: string, project: string | undefined): boolean {
  return network.name === name || (project !== undefined && network.name === `${project}_${name}`);
}

function networkNotShared({ instance, container, labels }: Member, reachable: Reachable): Problem {
  const about = { instance, container: container.name, key: 'meet.network', value: labels.network };
  // The engine can't connect a container in host mode to a second network.
  if (usesHostNetwork(container) || reachable === 'all') {
    const message = 'nginx cannot reach the container on this network, so meet-gen takes its address on another network';
    return problem('network-not-shared', { ...about, message, cure: 'correct the label, or remove it' });
  }
  return problem('network-not-shared', {
    ...about,
    message: 'the container does not share this network with all frontends, so meet-gen takes its address on another shared network',
    cure: 'connect the container and the frontends to this network, or remove the label',
  });
}

function noAddress({ instance, container }: Member): Problem {
  if (usesHostNetwork(container)) {
    return problem('no-address', {
      instance,
      container: container.name,
      key: 'network_mode',
      value: 'host',
      message:
        "the container uses the host's network, and the engine lists no gateway on the frontends' networks, so nginx cannot reach the host",
      cure: 'give the frontends a network that is not internal, or put the container on one of their networks',
    });
  }
  return problem('no-address', {
    instance,
    container: container.name,
    message: 'the engine lists no address for the container on the networks that it shares with the frontends',
    cure: 'reconnect the container (docker network disconnect, then docker network connect), or recreate it',
  });
}

function noSharedNetwork({ instance, container, project }: Member, reachable: Reachable): Problem {
  const about = { instance, container: container.name };
  if (networkOwnerOf(container) !== undefined && container.networks.length === 0) {
    return problem('no-shared-network', {
      ...about,
      key: 'network_mode',
      value: container.networkMode,
      message: 'the container uses the network of another container, which was removed or has no network itself',
      cure: 'start the other container, then recreate this container',
    });
  }
  if (reachable === 'all') {
    return problem('no-shared-network', {
      ...about,
      message: "the container is on no network, so the frontends on the host's network cannot reach it",
      cure: 'put the container on a network: remove network_mode: none from its service in compose',
    });
  }
  const names = [...reachable.keys()].toSorted(compareText);
  const own = listNetworks(container.networks.map(({ name }) => name));
  if (names.length === 0)
    return problem('no-shared-network', {
      ...about,
      message: `the frontends of the instance have no network in common; the container is on ${own}`,
      cure: 'put all frontends on one network, and the container too',
    });
  return problem('no-shared-network', {
    ...about,
    value: names.join(', '),
    message: `the container is on none of the networks that all frontends of its instance share: it is on ${own}, the frontends share ${listNetworks(names)}`,
    cure: connectLine(container, project, names),
  });
}

function listNetworks(names: readonly string[]): string {
  return (
    names
      .filter((name) => name !== 'none')
      .toSorted(compareText)
      .map((name) => showUntrustedText(name))
      .join(', ') || 'no network'
  );
}

/** The command to paste, for the project's own network if the project has one, else for the first shared network. */
function connectLine(container: Container, project: string | undefined, names: readonly string[]): string {
  const name = names.find((shared) => isNetworkOfProject(shared, project)) ?? names[0] ?? '';
  const network = parseEngineName(name);
  if (network === undefined) return 'put the container on one of the networks that the frontends share';
  const ownerId = networkOwnerOf(container);
  const added = `${shortNetworkName(network, project)}${isNetworkOfProject(network, project) ? '' : ' (external: true)'}`;
  const inCompose = `add ${added} to the networks: of ${ownerId === undefined ? 'its service' : 'the service whose network it uses'} in compose`;
  // The engine refuses to connect a container without a network.
  if (container.networkMode === 'none') return `${inCompose}, and remove network_mode: "none"`;
  const connected = ownerId === undefined ? pastedName(container) : parseEngineName(ownerId)?.slice(0, 12);
  return connected === undefined
    ? inCompose
    : `${inCompose}; at once, until it is recreated: docker network connect ${network} ${connected}`;
}
