import type { InstanceStatus, ReplicaStatus } from './snapshot.ts';

/** A service whose routes are live while nobody can answer them yet. */
export interface UnreadyService {
  readonly instance: string;
  readonly service: string;
  /** What it waits for, in words. */
  readonly reason: string;
}

/** The services that have somebody in rotation, but nobody who is ready; those with nobody at all have a problem of their own. */
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

/** A drained replica still answers; one that was told to stop may not (gunicorn closes its listener at once). */
function canAnswer({ rank, refusesConnections }: ReplicaStatus): boolean {
  return refusesConnections !== true && (rank === 'ready' || rank === 'draining');
}

function obstacleOf({ rank, endpoint, reason, refusesConnections }: ReplicaStatus): string {
  if (refusesConnections === true) return `refuses connections at ${endpoint ?? 'its address'}`;
  return `is ${rank}: ${reason}`;
}
