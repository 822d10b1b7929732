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

/** A replica that is drained or told to stop still answers. */
function canAnswer({ rank, refusesConnections }: ReplicaStatus): boolean {
  return refusesConnections !== true && rank !== 'starting' && rank !== 'unhealthy';
}

function obstacleOf({ rank, endpoint }: ReplicaStatus): string {
  if (rank === 'starting') return 'is starting: its health check has not passed yet';
  if (rank === 'unhealthy') return 'is unhealthy: its health check fails';
  return `refuses connections at ${endpoint ?? 'its address'}`;
}
