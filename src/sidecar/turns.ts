import { addressIn } from '../model/endpoint.ts';
import { replicasBehind } from '../model/in-rotation.ts';
import type { Instance, Replica } from '../model/instance.ts';
import type { RoutingView } from '../routes/view.ts';
import { describeReplica } from '../status/snapshot.ts';

/** Changes of containers by id, in words for an operator: `backend-2: out of rotation: health check fails`. */
export type Turns = ReadonlyMap<string, string>;

/** The replicas of an instance as they were noted last. */
export interface NotedTurns {
  readonly instance: Instance;
  /** At least one replica is in rotation, but not in the routes yet. */
  readonly isWaiting: boolean;
  /** By container id, as reported. */
  readonly replicas: Replicas;
}

/**
 * Compares an instance with its last note. Without a note, only replicas that aren't ready and in rotation are reported.
 * A replica in rotation is reported when the routes have its address: the routes may wait, or leave the replica out.
 */
export function turnsSince(
  before: NotedTurns | undefined,
  instance: Instance,
  view: Pick<RoutingView, 'upstreams' | 'spa'>,
): { readonly turns: Turns; readonly noted: NotedTurns } {
  // The same object has no changes, and a comparison is slow: a host can have thousands of containers.
  if (before?.instance === instance && !before.isWaiting) return { turns: new Map(), noted: before };
  const served = addressesIn(view);
  const isWaiting = ({ inRotation, endpoint }: Replica): boolean => inRotation && !served.has(addressIn(endpoint ?? ''));
  const replicas = new Map(replicasBehind(instance).map((replica) => [replica.container.id, replica]));
  const judged = new Map([...replicas].filter(([, replica]) => !isWaiting(replica)));
  const waiting = new Map([...(before?.replicas ?? [])].filter(([id]) => replicas.has(id) && !judged.has(id)));
  const noted = { instance, isWaiting: judged.size < replicas.size, replicas: new Map([...judged, ...waiting]) };
  return { turns: turnsBetween(before?.replicas, judged, replicas), noted };
}

type Replicas = ReadonlyMap<string, Replica>;

function turnsBetween(before: Replicas | undefined, after: Replicas, there: Replicas): Turns {
  const gone = [...(before ?? [])].filter(([id, { inRotation }]) => inRotation && !there.has(id));
  const turned = [...after].filter(([id, replica]) =>
    before === undefined ? !isReadyInRotation(replica) : hasTurned(before.get(id), replica),
  );
  return new Map([
    ...gone.map(([id, replica]): [string, string] => [id, `${describeReplica(replica).container}: out of rotation: removed`]),
    ...turned.map(([id, replica]): [string, string] => [id, describe(replica)]),
  ]);
}

/** Without ports: a named route may have another port. */
function addressesIn({ upstreams, spa }: Pick<RoutingView, 'upstreams' | 'spa'>): ReadonlySet<string> {
  return new Set([...upstreams, spa].flatMap(({ servers, spares = [] }) => [...servers, ...spares].map(addressIn)));
}

function isReadyInRotation({ inRotation, standing }: Replica): boolean {
  return inRotation && standing.rank === 'ready';
}

/** Further states of a stopping replica without requests aren't reported. */
function hasTurned(before: Replica | undefined, { inRotation, standing: { rank } }: Replica): boolean {
  if (inRotation !== (before?.inRotation ?? false)) return true;
  return rank !== before?.standing.rank && (inRotation || (rank !== 'never' && rank !== 'stopping'));
}

function describe(replica: Replica): string {
  const { container, inRotation, reason, rank } = describeReplica(replica);
  if (!inRotation) return `${container}: out of rotation: ${reason}`;
  return `${container}: in rotation: ${reason}${rank === 'ready' ? '' : ', and no replica is better'}`;
}
