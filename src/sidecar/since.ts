import { replicasOf } from '../model/in-rotation.ts';
import type { Instance, Replica } from '../model/instance.ts';

/** Since when each container of an instance has its state, as far as this meet-gen has seen it. */
export interface Since {
  readonly instance: Instance;
  /** By container id: the state as one text, and since when (ISO 8601). */
  readonly entries: ReadonlyMap<string, { readonly state: string; readonly at: string }>;
}

/** The same after a pass that read the instance. */
export function sinceAfter(before: Since | undefined, instance: Instance, date: Date): Since {
  // The same object is the same in everything, and a host can have thousands of containers.
  if (before?.instance === instance) return before;
  const entryOf = (replica: Replica): readonly [string, { readonly state: string; readonly at: string }] => {
    const { id } = replica.container;
    const state = stateOf(replica);
    const known = before?.entries.get(id);
    return [id, known?.state === state ? known : { state, at: date.toISOString() }];
  };
  return { instance, entries: new Map(replicasOf([instance]).map(entryOf)) };
}

/** Without the words of a probe, which may contain a changing number. */
function stateOf({ container, standing, inRotation }: Replica): string {
  return JSON.stringify([container.state, container.health, container.endpointIds, standing.rank, inRotation]);
}
