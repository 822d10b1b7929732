import type { InstanceStatus, ReplicaStatus } from './snapshot.ts';

/** A service whose routes are live while no replica can answer yet. */
export interface UnreadyService {
  readonly instance: string;
  readonly service: string;
  /** The reason, in words. */
  readonly reason: string;
}

/** Services with replicas in rotation, but no ready one. Services without a replica have a problem of their own. */
export function unreadyServices(instances: readonly InstanceStatus[]): readonly UnreadyService[] {
  return instances.flatMap(({ name, services }) =>
    services.flatMap(({ service, replicas }) => {
      const [first, ...others] = replicas.filter(({ inRotation }) => inRotation);
      if (first === undefined || [first, ...others].some(canAnswer)) return [];
      const more = others.length === 0 ? '' : `, and ${others.length} more like it`;
      return { instance: name, service, reason: `${first.container} ${obstacleOf(first)}${more}` };
    }),
  );
}

/** A drained replica still answers. A stopping one may not: gunicorn closes its listener at once. */
function canAnswer({ rank, refusesConnections }: ReplicaStatus): boolean {
  return refusesConnections !== true && (rank === 'ready' || rank === 'draining');
}

function obstacleOf({ rank, endpoint, reason, refusesConnections }: ReplicaStatus): string {
  if (refusesConnections === true) return `refuses connections at ${endpoint ?? 'its address'}`;
  return `is ${rank}: ${reason}`;
}
