import { replicasOf } from '../model/in-rotation.ts';
import type { Instance, Replica } from '../model/instance.ts';

/** Since when each container is as it is, as far as this meet-gen has seen it. */
export interface Since {
  readonly instances: ReadonlySet<Instance>;
  /** By container id: its state in one text, and since when (ISO 8601). */
  readonly entries: ReadonlyMap<string, { readonly how: string; readonly at: string }>;
}

export const nothingSeen: Since = { instances: new Set(), entries: new Map() };

/** The same after a pass that came to these instances. */
export function sinceAfter(before: Since, instances: readonly Instance[], date: Date): Since {
  const now = new Set(instances);
  // The same object is the same in everything, and a host can have thousands of containers.
  const changed = instances.filter((instance) => !before.instances.has(instance));
  const left = [...before.instances].filter((instance) => !now.has(instance));
  if (changed.length === 0 && left.length === 0) return before;
  const entries = new Map(before.entries);
  const present = new Set(replicasOf(changed).map(({ container }) => container.id));
  for (const { container } of replicasOf(left)) if (!present.has(container.id)) entries.delete(container.id);
  for (const replica of replicasOf(changed)) {
    const { id } = replica.container;
    const how = howOf(replica);
    if (entries.get(id)?.how !== how) entries.set(id, { how, at: date.toISOString() });
  }
  return { instances: now, entries };
}

/** What makes it another state: not the words of a probe, which may tell a number. */
function howOf({ container, standing, inRotation }: Replica): string {
  return JSON.stringify([container.state, container.health, container.endpointIds, standing.rank, inRotation]);
}
