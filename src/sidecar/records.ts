import type { FileSlot } from '../publish/publisher.ts';
import type { Target } from '../reload/proof.ts';
import { newState } from '../rollout/trial-state.ts';
import type { TrialState } from '../rollout/trial-state.ts';
import type { KeptTrials } from '../rollout/trial-types.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import type { RoutingView } from '../routes/view.ts';
import type { JournalSlot } from './journal.ts';

/** The published file of an instance, and the routes in it. */
interface PublishedRouting {
  readonly target: Target;
  readonly view: RoutingView;
  readonly structure: RoutingStructure;
  readonly content: string;
}

/**
 * The state of one instance. Every part may read it. The sink writes `published` and `reloadsFullAtMs`, the
 * publisher `file`, the journal `journal`, and `rollout/` the `trial`.
 */
interface InstanceRecord extends FileSlot, JournalSlot {
  published?: PublishedRouting | undefined;
  readonly trial: TrialState;
  /** When all reloads in a row are free again (`reload/throttle.ts`), milliseconds since 1970. */
  reloadsFullAtMs: number;
}

/** The records of all instances, by name. */
export interface Records {
  /** The record of an instance; creates a missing record. */
  of(instance: string): InstanceRecord;
  published(instance: string): PublishedRouting | undefined;
  all(): readonly InstanceRecord[];
  /** Drops the records of all other instances. */
  retain(instances: ReadonlySet<string>): void;
}

/** @param kept the trials of earlier processes, by instance */
export function createRecords(kept: ReadonlyMap<string, KeptTrials>): Records {
  const records = new Map<string, InstanceRecord>();
  return {
    of(instance) {
      const record = records.get(instance) ?? { instance, reloadsFullAtMs: 0, journal: {}, trial: newState(instance, kept.get(instance)) };
      records.set(instance, record);
      return record;
    },
    published: (instance) => records.get(instance)?.published,
    all: () => [...records.values()],
    retain(instances) {
      for (const name of records.keys()) if (!instances.has(name)) records.delete(name);
    },
  };
}
