import type { Container } from './container.ts';

const indexes = new WeakMap<readonly Container[], ReadonlyMap<string, Container>>();

/** The containers of an index as a list. `byId` returns this index for the list instead of building another. */
export function listOf(index: ReadonlyMap<string, Container>): readonly Container[] {
  const containers = [...index.values()];
  indexes.set(containers, index);
  return containers;
}

/** Containers by their id. The index is built once per list object, since a list can have thousands of containers. */
export function byId(containers: readonly Container[]): ReadonlyMap<string, Container> {
  const index = indexes.get(containers) ?? new Map(containers.map((container) => [container.id, container]));
  indexes.set(containers, index);
  return index;
}
