import type { Health, Note } from './container.ts';
import type { Labels } from './label-table.ts';
import { includesRouting, isComposeOneOff } from './member.ts';
import type { FrontendMember, Member } from './member.ts';

/**
 * The ranks of a container as an upstream, best first. Only the containers with the best rank present are in rotation;
 * `never` is always out. A drained container still answers, a stopping one may not.
 */
const ranks = ['ready', 'starting', 'unhealthy', 'draining', 'stopping', 'never'] as const;
export type Rank = (typeof ranks)[number];

export interface Standing {
  readonly rank: Rank;
  readonly reason: string;
  /** The container is stopping or demoted, but may be a standby of ready ones, as each starting container may. */
  readonly standsBy?: true;
}

type Judged = Pick<Member, 'container' | 'labels' | 'role'> & Pick<FrontendMember, 'isBehindRouter'>;

/** Ranks a container by the engine's state, its labels and its note. */
export function judge(member: Judged, note: Note = {}): Standing {
  const { container, labels } = member;
  if (isComposeOneOff(container)) return { rank: 'never', reason: 'a one-off of docker compose run' };
  if (container.state !== 'running') return { rank: 'never', reason: container.state };
  // A frontend gets requests with any rank, and has to serve the published file.
  if (note.isOnCrashHold === true && !includesRouting(member))
    return { rank: 'never', reason: 'crashed repeatedly: out until it has run for a while' };
  const standsBy = mayStandBy(member, note) ? { standsBy: true as const } : {};
  if (container.isStopping === true) return { rank: 'stopping', reason: 'is being stopped', ...standsBy };
  if (note.stop === 'in-progress') return { rank: 'stopping', reason: 'got a stop signal' };
  if (labels.drain === true) return { rank: 'draining', reason: 'drained by meet.drain=true' };
  if (note.drained === true) return { rank: 'draining', reason: 'drained by an operator' };
  if (container.demoted !== undefined) return { rank: 'unhealthy', reason: container.demoted, ...standsBy };
  return judgeHealth(container.health, labels.health, note);
}

/** A drain or a failed probe counts more than the source's word that the container may still answer. */
function mayStandBy({ container, labels: { drain, health } }: Judged, { drained, probe }: Note): boolean {
  const isDrained = drain === true || drained === true;
  const hasFailed = health !== undefined && health.by !== 'docker' && health.by !== 'none' && probe?.answer === 'not-ready';
  return container.standsBy === true && !isDrained && !hasFailed;
}

function judgeHealth(health: Health, wanted: Labels['health'], { probe: verdict, justStarted }: Note): Standing {
  if (wanted === undefined || wanted.by === 'docker') return standingByHealth[health];
  if (wanted.by === 'none') return { rank: 'ready', reason: 'running; meet.health=none' };
  if (verdict === undefined) {
    // A container that ran before meet-gen started was most likely in rotation, and stays there until its probe has an
    // answer.
    return justStarted === true ? { rank: 'starting', reason: 'its probe has no answer yet' } : standingByHealth[health];
  }
  if (verdict.answer === 'ready') return { rank: 'ready', reason: `probe: ${verdict.detail}` };
  if (verdict.answer === 'not-ready') return { rank: verdict.wasReady ? 'unhealthy' : 'starting', reason: `probe: ${verdict.detail}` };
  const { rank, reason } = standingByHealth[health];
  return { rank, reason: `${reason}; its probe is unclear: ${verdict.detail}` };
}

const standingByHealth: Readonly<Record<Health, Standing>> = {
  healthy: { rank: 'ready', reason: 'healthy' },
  'healthy-or-none': { rank: 'ready', reason: 'running, and no health check fails' },
  none: { rank: 'ready', reason: 'running, without a health check' },
  starting: { rank: 'starting', reason: 'health check has not passed yet' },
  unhealthy: { rank: 'unhealthy', reason: 'health check fails' },
};

/** The best rank among these, or undefined when all are `never`. */
export function bestRank(standings: readonly Standing[]): Rank | undefined {
  return ranks.find((rank) => rank !== 'never' && standings.some((standing) => standing.rank === rank));
}
