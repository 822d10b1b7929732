import { recordOf, textOf } from '../docker/json-fields.ts';
import { labelsFromEngine } from '../docker/labels-from-engine.ts';
import type { ReadLabels } from '../docker/labels-from-engine.ts';
import { readObjects } from './read-objects.ts';
import type { SwarmObject } from './read-objects.ts';

/** A service of the swarm. Every text in it is untrusted. */
export interface Service extends SwarmObject, ReadLabels {
  readonly name: string;
  /** An update or a rollback is under way: tasks change soon. */
  readonly isUpdating: boolean;
}

const updatingStates: ReadonlySet<unknown> = new Set(['updating', 'rollback_started']);

/**
 * Reads `GET /services` (Docker Engine API, ServiceList). Its labels are those under `deploy.labels`, which change
 * without a restart.
 * @param known the services of an earlier answer; an unchanged service stays the same object
 * @throws Error when the answer is unreadable: that doesn't mean that there are no services
 */
export function readServices(answer: unknown, known: ReadonlyMap<string, Service> = new Map()): ReadonlyMap<string, Service> {
  return readObjects('services', answer, known, (entry, base) => {
    const spec = recordOf(entry['Spec']);
    return {
      ...base,
      name: textOf(spec['Name']),
      ...labelsFromEngine(spec['Labels']),
      isUpdating: updatingStates.has(recordOf(entry['UpdateStatus'])['State']),
    };
  });
}
