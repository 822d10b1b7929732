import type { Container, Note } from './container.ts';

const ownerPrefix = 'container:';
const nothing: Note = {};

/**
 * The id of the container whose network this container uses (`network_mode: service:x`); undefined for its own network.
 */
export function networkOwnerOf({ networkMode }: Pick<Container, 'networkMode'>): string | undefined {
  return networkMode.startsWith(ownerPrefix) ? networkMode.slice(ownerPrefix.length) : undefined;
}

/**
 * The containers with the networks that they use. A container in another container's network gets the addresses of that
 * container: the engine lists no addresses for the first.
 */
export function withOwnersNetworks(containers: readonly Container[]): readonly Container[] {
  if (!containers.some((container) => networkOwnerOf(container) !== undefined)) return containers;
  const byId = new Map(containers.map((container) => [container.id, container]));
  return containers.map((container) => {
    const owner = byId.get(networkOwnerOf(container) ?? '');
    if (owner === undefined) return container;
    return { ...container, networks: owner.networks, networkMode: owner.networkMode === 'host' ? 'host' : container.networkMode };
  });
}

/**
 * The note of a container. A container whose network's owner is stopping is about to lose its network and counts as
 * stopping.
 */
export function noteFor(container: Container, notes: ReadonlyMap<string, Note>): Note {
  const own = notes.get(container.id) ?? nothing;
  const owner = notes.size === 0 ? undefined : networkOwnerOf(container);
  return owner !== undefined && notes.get(owner)?.stop === 'in-progress' ? { ...own, stop: 'in-progress' } : own;
}
