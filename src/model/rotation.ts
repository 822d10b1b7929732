import type { Container, Health, Observation } from './container.ts';
import { isComposeOneOff } from './member.ts';

/**
 * How good a container is as an upstream, best first. Only the best rank that anybody has is in rotation;
 * `never` is out whatever else there is.
 */
const ranks = ['ready', 'starting', 'unhealthy', 'stopping', 'never'] as const;
export type Rank = (typeof ranks)[number];

/** The rank of a container, and the reason in words. */
export interface Standing {
  readonly rank: Rank;
  readonly reason: string;
}

/** Judges one container by the engine's own state and health, and by the stop signals seen. */
export function judge(container: Container, observation: Observation): Standing {
  if (isComposeOneOff(container)) return { rank: 'never', reason: 'a one-off of docker compose run' };
  if (container.state !== 'running') return { rank: 'never', reason: container.state };
  if (observation.stopping.has(container.id)) return { rank: 'stopping', reason: 'got a stop signal' };
  return standingByHealth[container.health];
}

const standingByHealth: Readonly<Record<Health, Standing>> = {
  healthy: { rank: 'ready', reason: 'healthy' },
  none: { rank: 'ready', reason: 'running, without a health check' },
  starting: { rank: 'starting', reason: 'health check has not passed yet' },
  unhealthy: { rank: 'unhealthy', reason: 'health check fails' },
};

/** The best rank among these, or undefined when all are `never`. */
export function bestRank(standings: readonly Standing[]): Rank | undefined {
  return ranks.find((rank) => rank !== 'never' && standings.some((standing) => standing.rank === rank));
}
