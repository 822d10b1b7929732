import type { Container, NetworkAttachment } from './container.ts';
import { compareText } from './foreign-text.ts';
import type { Member } from './member.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** Where nginx reaches a container: `address` is an IPv4, or an IPv6 in brackets. */
export interface Address {
  readonly network: string;
  readonly address: string;
}

/** The names of the networks that all these containers are on. */
export function sharedNetworks(containers: readonly Container[]): ReadonlySet<string> {
  const [first, ...others] = containers.map((container) => new Set(container.networks.map((network) => network.name)));
  if (first === undefined) return new Set();
  return new Set([...first].filter((name) => others.every((names) => names.has(name))));
}

/** Whether compose made this network for the project: it then bears the project's name in front. */
export function isNetworkOfProject(network: string, project: string | undefined): boolean {
  return project !== undefined && network.startsWith(`${project}_`);
}

/**
 * Chooses the address of a member on a network that all frontends share with it: `meet.network` first, then the
 * compose project's own, then by name; IPv4 before IPv6. Never a random pick, so the same containers give the same address.
 */
export function chooseAddress(member: Member, reachable: ReadonlySet<string>): { address?: Address; problems: readonly Problem[] } {
  const about = { instance: member.instance, container: member.container.name };
  const candidates = member.container.networks
    .filter((network) => reachable.has(network.name))
    .toSorted((left, right) => preferNetwork(member, left, right));
  if (candidates.length === 0) return { problems: [noSharedNetwork(member, reachable)] };
  const wanted = member.labels.network;
  const problems =
    wanted === undefined || candidates.some((network) => isNamed(network, wanted, member.project))
      ? []
      : [
          problem('network-not-shared', {
            ...about,
            key: 'meet.network',
            value: wanted,
            message: 'the container and all frontends do not share this network; another shared one is taken',
            cure: 'connect both to it, or remove the label',
          }),
        ];
  for (const network of candidates) {
    const address = addressOn(network);
    if (address !== undefined) return { address: { network: network.name, address }, problems };
  }
  return {
    problems: [
      ...problems,
      problem('no-address', {
        ...about,
        message: 'the engine gives the container no address on the networks it shares with the frontends',
        cure: 'reconnect it: docker network disconnect, then connect; or recreate it',
      }),
    ],
  };
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

function noSharedNetwork(member: Member, reachable: ReadonlySet<string>): Problem {
  const mode = member.container.networkMode;
  const about = { instance: member.instance, container: member.container.name };
  if (mode === 'host' || mode.startsWith('container:')) {
    return problem('no-shared-network', {
      ...about,
      key: 'network_mode',
      value: mode,
      message: 'containers without a network of their own are not supported yet',
      cure: 'put the container on a network of the frontends',
    });
  }
  const names = [...reachable].toSorted(compareText);
  return problem('no-shared-network', {
    ...about,
    value: names.join(', '),
    message:
      names.length === 0
        ? 'the frontends of the instance have no network in common'
        : 'the container is on none of the networks that all frontends of its instance share',
    cure: names.length === 0 ? 'put all frontends on one network' : 'put it on one of the networks named here',
  });
}
