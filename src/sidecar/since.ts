import { replicasOf } from '../model/in-rotation.ts';
import type { Instance, Replica } from '../model/instance.ts';

/** Since when each container is as it is, as far as this meet-gen has seen it. */
export interface SinceBook {
  note(instances: readonly Instance[], date: Date): void;
  /** ISO 8601; undefined for one that is not there. */
  of(containerId: string): string | undefined;
}

type Entry = { readonly how: string; readonly at: string };

export function createSinceBook(): SinceBook {
  let instancesThen: ReadonlySet<Instance> = new Set();
  const known = new Map<string, Entry>();
  return {
    note(instances, date) {
      const now = new Set(instances);
      // The same object is the same in everything, and a host can have thousands of containers.
      const changed = instances.filter((instance) => !instancesThen.has(instance));
      const left = [...instancesThen].filter((instance) => !now.has(instance));
      const present = new Set(replicasOf(changed).map(({ container }) => container.id));
      for (const { container } of replicasOf(left)) if (!present.has(container.id)) known.delete(container.id);
      for (const replica of replicasOf(changed)) {
        const { id } = replica.container;
        const how = howOf(replica);
        if (known.get(id)?.how !== how) known.set(id, { how, at: date.toISOString() });
      }
      instancesThen = now;
    },
    of: (containerId) => known.get(containerId)?.at,
  };
}

/** What makes it another state: not the words of a probe, which may tell a number. */
function howOf({ container, standing, inRotation }: Replica): string {
  return JSON.stringify([container.state, container.health, container.endpointIds, standing.rank, inRotation]);
}
