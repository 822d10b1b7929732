import { addressIn } from '../model/endpoint.ts';
import { replicasBehind } from '../model/in-rotation.ts';
import type { Instance, Replica } from '../model/instance.ts';
import type { RoutingView } from '../routes/view.ts';
import { describeReplica } from '../status/snapshot.ts';

/** What has become of containers, by their ids, in words for an operator: `backend-2: out of rotation: health check fails`. */
export type Turns = ReadonlyMap<string, string>;

/** Remembers how the containers of each instance stood. */
export interface TurnBook {
  /**
   * What has turned since the instance was noted last; of the first time only what is not as it should be. One that is in rotation
   * but not in the routes yet, or not at all since its routes are left out, is not told of before it is.
   */
  note(instance: Instance, view: Pick<RoutingView, 'upstreams' | 'spa'>): Turns;
  /** Forgets all instances but these. */
  retain(instances: ReadonlySet<string>): void;
}

export function createTurnBook(): TurnBook {
  const noted = new Map<string, Noted>();
  return {
    note(instance, view) {
      const before = noted.get(instance.name);
      // The same object is the same in everything, and a host can have thousands of containers.
      if (before?.instance === instance && !before.isWaiting) return new Map();
      const served = addressesIn(view);
      const isWaiting = ({ inRotation, endpoint }: Replica): boolean => inRotation && !served.has(addressIn(endpoint ?? ''));
      const replicas = new Map(replicasBehind(instance).map((replica) => [replica.container.id, replica]));
      const told = new Map([...replicas].filter(([, replica]) => !isWaiting(replica)));
      const waiting = new Map([...(before?.replicas ?? [])].filter(([id]) => replicas.has(id) && !told.has(id)));
      noted.set(instance.name, { instance, isWaiting: told.size < replicas.size, replicas: new Map([...told, ...waiting]) });
      return turnsBetween(before?.replicas, told, replicas);
    },
    retain(instances) {
      for (const name of noted.keys()) if (!instances.has(name)) noted.delete(name);
    },
  };
}

type Replicas = ReadonlyMap<string, Replica>;

interface Noted {
  readonly instance: Instance;
  /** Somebody is in rotation and not in the routes. */
  readonly isWaiting: boolean;
  /** As they were told, or would have been, had they been told. */
  readonly replicas: Replicas;
}

function turnsBetween(before: Replicas | undefined, after: Replicas, there: Replicas): Turns {
  const gone = [...(before ?? [])].filter(([id, { inRotation }]) => inRotation && !there.has(id));
  const turned = [...after].filter(([id, replica]) =>
    before === undefined ? !isAsItShouldBe(replica) : hasTurned(before.get(id), replica),
  );
  return new Map([
    ...gone.map(([id, replica]): [string, string] => [id, `${describeReplica(replica).container}: out of rotation: gone`]),
    ...turned.map(([id, replica]): [string, string] => [id, describe(replica)]),
  ]);
}

/** Whatever the port: a named route may have another one. */
function addressesIn({ upstreams, spa }: Pick<RoutingView, 'upstreams' | 'spa'>): ReadonlySet<string> {
  return new Set([...upstreams, spa].flatMap(({ servers, spares = [] }) => [...servers, ...spares].map(addressIn)));
}

function isAsItShouldBe({ inRotation, standing }: Replica): boolean {
  return inRotation && standing.rank === 'ready';
}

/** Of one that gets no requests any way it is of no interest how its end goes on. */
function hasTurned(before: Replica | undefined, { inRotation, standing: { rank } }: Replica): boolean {
  if (inRotation !== (before?.inRotation ?? false)) return true;
  return rank !== before?.standing.rank && (inRotation || (rank !== 'never' && rank !== 'stopping'));
}

function describe(replica: Replica): string {
  const { container, inRotation, reason, rank } = describeReplica(replica);
  if (!inRotation) return `${container}: out of rotation: ${reason}`;
  return `${container}: in rotation: ${reason}${rank === 'ready' ? '' : ', and nobody is better'}`;
}
