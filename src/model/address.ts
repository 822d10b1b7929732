import type { Container, NetworkAttachment } from './container.ts';
import { compareText, showForeignText } from './foreign-text.ts';
import type { Member } from './member.ts';
import { networkOwnerOf } from './network-owner.ts';
import { parseEngineName } from '../nginx/token.ts';
import { pastedName } from './pasted-name.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';
import { defined } from '../util/defined.ts';

/** Where nginx reaches a container: `address` is an IPv4, or an IPv6 in brackets. */
export interface Address {
  readonly network: string;
  readonly address: string;
}

/**
 * Networks that upstreams can be reached on, by name, as a frontend is attached to them; `all` for frontends that use the
 * host's network, from which every bridge is reached.
 */
export type Reachable = ReadonlyMap<string, NetworkAttachment> | 'all';

/** What the engine calls having no network of one's own. Nobody can be reached there, and nobody can be connected to it. */
const notNetworks: ReadonlySet<string> = new Set(['host', 'none']);

/** The networks that all these containers are on; the ones that use the host's network reach those of the others. */
export function sharedNetworks(containers: readonly Container[]): Reachable {
  const bridged = containers.filter((container) => !usesHostNetwork(container));
  if (containers.length > 0 && bridged.length === 0) return 'all';
  const [first, ...others] = bridged.map((container) => new Map(container.networks.map((network) => [network.name, network])));
  return new Map([...(first ?? [])].filter(([name]) => !notNetworks.has(name) && others.every((networks) => networks.has(name))));
}

/** Whether a container is in host mode (`network_mode: host`), by itself or with the container whose network it uses. */
export function usesHostNetwork({ networkMode }: Pick<Container, 'networkMode'>): boolean {
  return networkMode === 'host';
}

/** Whether a network is the project's own: compose puts the project's name in front; Coolify and Dokploy use the name itself. */
export function isNetworkOfProject(network: string, project: string | undefined): boolean {
  return project !== undefined && (network === project || network.startsWith(`${project}_`));
}

/** A network's name in the project's compose file. */
export function shortNetworkName(network: string, project: string | undefined): string {
  return project !== undefined && network.startsWith(`${project}_`) ? network.slice(project.length + 1) : network;
}

/**
 * Chooses the address of a member on a network that the owner's frontends share with it: `meet.network` first, then the
 * compose project's own, then by name; IPv4 before IPv6. In host mode it is the host's own address on such a network.
 * Never a random pick, so the same containers give the same address.
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

/** What the member is attached to, of what can be reached; in host mode the host is, as the gateway of each network. */
function attachmentsOf({ container }: Member, reachable: Reachable): readonly NetworkAttachment[] {
  const isOnHost = usesHostNetwork(container);
  if (reachable === 'all') return isOnHost ? [loopback] : container.networks.filter(({ name }) => !notNetworks.has(name));
  return isOnHost ? [...reachable.values()].map(hostOn) : container.networks.filter(({ name }) => reachable.has(name));
}

/** Where containers that use the host's network reach each other. */
export const loopback: NetworkAttachment = { name: 'host', ipv4: '127.0.0.1' };

/** The addresses of the frontends' status servers, for a meet-gen that is on the host's network or on one of these. */
export function hostAddresses(networks: readonly NetworkAttachment[]): readonly string[] {
  const gateways = networks.flatMap((network) => addressOn(hostOn(network)) ?? []);
  return [...new Set([...addressesOn([loopback]), ...gateways.toSorted(compareText)])];
}

/** The address on each of these networks that has one. */
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
  // Nobody can be connected to a network besides the host's.
  if (usesHostNetwork(container) || reachable === 'all') {
    const message = 'the container cannot be reached on this network; another one is taken';
    return problem('network-not-shared', { ...about, message, cure: 'correct the label, or remove it' });
  }
  return problem('network-not-shared', {
    ...about,
    message: 'the container and all frontends do not share this network; another shared one is taken',
    cure: 'connect both to it, or remove the label',
  });
}

function noAddress({ instance, container }: Member): Problem {
  if (usesHostNetwork(container)) {
    return problem('no-address', {
      instance,
      container: container.name,
      key: 'network_mode',
      value: 'host',
      message: "the container uses the host's network, and the engine tells no gateway of the frontends' networks to reach the host by",
      cure: 'give the frontends a network that is not internal, or put the container on a network of theirs',
    });
  }
  return problem('no-address', {
    instance,
    container: container.name,
    message: 'the engine gives the container no address on the networks it shares with the frontends',
    cure: 'reconnect it: docker network disconnect, then connect; or recreate it',
  });
}

function noSharedNetwork({ instance, container, project }: Member, reachable: Reachable): Problem {
  const about = { instance, container: container.name };
  if (networkOwnerOf(container) !== undefined && container.networks.length === 0) {
    return problem('no-shared-network', {
      ...about,
      key: 'network_mode',
      value: container.networkMode,
      message: 'the container uses the network of another one, which is gone or has no network itself',
      cure: 'start that one, then recreate this one',
    });
  }
  if (reachable === 'all') {
    return problem('no-shared-network', {
      ...about,
      message: "the container is on no network, so the frontends on the host's network cannot reach it",
      cure: 'put it on a network: remove network_mode: none from its service in compose',
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
    message: `the container is on none of the networks that all frontends of its instance share: it is on ${own}, they share ${listNetworks(names)}`,
    cure: connectLine(container, project, names),
  });
}

function listNetworks(names: readonly string[]): string {
  return (
    names
      .filter((name) => name !== 'none')
      .toSorted(compareText)
      .map((name) => showForeignText(name))
      .join(', ') || 'no network'
  );
}

/** What to paste, of the project's own network where there is one. */
function connectLine(container: Container, project: string | undefined, names: readonly string[]): string {
  const name = names.find((one) => isNetworkOfProject(one, project)) ?? names[0] ?? '';
  const network = parseEngineName(name);
  if (network === undefined) return 'put it on one of the networks that the frontends share';
  const ownerId = networkOwnerOf(container);
  const added = `${shortNetworkName(network, project)}${isNetworkOfProject(network, project) ? '' : ' (external: true)'}`;
  const inCompose = `add ${added} to the networks: of ${ownerId === undefined ? 'its service' : 'the service whose network it uses'} in compose`;
  // The engine connects no container that it was told to leave without a network.
  if (container.networkMode === 'none') return `${inCompose}, and remove network_mode: none`;
  const connected = ownerId === undefined ? pastedName(container) : parseEngineName(ownerId)?.slice(0, 12);
  return connected === undefined
    ? inCompose
    : `${inCompose}; at once, until it is recreated: docker network connect ${network} ${connected}`;
}
