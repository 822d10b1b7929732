import type { Health, Note } from './container.ts';
import type { Labels } from './label-table.ts';
import { includesRouting, isComposeOneOff } from './member.ts';
import type { FrontendMember, Member } from './member.ts';

/**
 * How good a container is as an upstream, best first. Only the best rank that anybody has is in rotation;
 * `never` is out whatever else there is. One that is drained still answers, one that is stopping may not.
 */
const ranks = ['ready', 'starting', 'unhealthy', 'draining', 'stopping', 'never'] as const;
export type Rank = (typeof ranks)[number];

/** The rank of a container, and the reason in words. */
export interface Standing {
  readonly rank: Rank;
  readonly reason: string;
}

type Judged = Pick<Member, 'container' | 'labels' | 'role'> & Pick<FrontendMember, 'isBehindRouter'>;

/** Judges one container by the engine's own state, by its labels, and by what else is known of it. */
export function judge(member: Judged, note: Note = {}): Standing {
  const { container, labels } = member;
  if (isComposeOneOff(container)) return { rank: 'never', reason: 'a one-off of docker compose run' };
  if (container.state !== 'running') return { rank: 'never', reason: container.state };
  // A frontend takes requests whether we like it or not, and is to serve what is published.
  if (note.heldBack === true && !includesRouting(member))
    return { rank: 'never', reason: 'ended by itself again and again: held back until it has run for a while' };
  if (note.stop === 'in-progress') return { rank: 'stopping', reason: 'got a stop signal' };
  if (labels.drain === true) return { rank: 'draining', reason: 'drained by meet.drain=true' };
  if (note.drained === true) return { rank: 'draining', reason: 'drained by an operator' };
  return judgeHealth(container.health, labels.health, note);
}

function judgeHealth(health: Health, wanted: Labels['health'], { probe: verdict, justStarted }: Note): Standing {
  if (wanted === undefined || wanted.by === 'docker') return standingByHealth[health];
  if (wanted.by === 'none') return { rank: 'ready', reason: 'running; meet.health=none' };
  if (verdict === undefined) {
    // One that ran before we came was most likely in rotation, and stays there until its probe is answered.
    return justStarted === true ? { rank: 'starting', reason: 'its probe has not been answered yet' } : standingByHealth[health];
  }
  if (verdict.answer === 'ready') return { rank: 'ready', reason: `its probe says: ${verdict.detail}` };
  if (verdict.answer === 'not-ready')
    return { rank: verdict.wasReady ? 'unhealthy' : 'starting', reason: `its probe says: ${verdict.detail}` };
  const { rank, reason } = standingByHealth[health];
  return { rank, reason: `${reason}; its probe decides nothing: ${verdict.detail}` };
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
