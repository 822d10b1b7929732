import type { Container } from './container.ts';

const indexes = new WeakMap<readonly Container[], ReadonlyMap<string, Container>>();

/** The containers of an index as a list, whose index needn't be made again. */
export function listOf(index: ReadonlyMap<string, Container>): readonly Container[] {
  const containers = [...index.values()];
  indexes.set(containers, index);
  return containers;
}

/** Containers by their id; of the same list (the very object) it is made once, since there can be thousands. */
export function byId(containers: readonly Container[]): ReadonlyMap<string, Container> {
  const index = indexes.get(containers) ?? new Map(containers.map((container) => [container.id, container]));
  indexes.set(containers, index);
  return index;
}
