import type { Container, Note } from './container.ts';

const ownerPrefix = 'container:';
const nothing: Note = {};

/** The id of the container whose network this one uses (`network_mode: service:x`); undefined when it has its own. */
export function networkOwnerOf({ networkMode }: Pick<Container, 'networkMode'>): string | undefined {
  return networkMode.startsWith(ownerPrefix) ? networkMode.slice(ownerPrefix.length) : undefined;
}

/**
 * The containers, each with the networks that it really uses: where that is another container's network, that one's
 * addresses. The engine shows none of its own then.
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

/** What is known of a container; one whose network's owner is stopping will lose its network, and is as good as stopping. */
export function noteFor(container: Container, notes: ReadonlyMap<string, Note>): Note {
  const own = notes.get(container.id) ?? nothing;
  const owner = notes.size === 0 ? undefined : networkOwnerOf(container);
  return owner !== undefined && notes.get(owner)?.stop === 'in-progress' ? { ...own, stop: 'in-progress' } : own;
}
