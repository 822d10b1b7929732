import type { Address } from './address.ts';
import type { Note } from './container.ts';
import { compareText } from './untrusted-text.ts';
import type { Member } from './member.ts';
import { bestRank } from './rotation.ts';
import type { Standing } from './rotation.ts';

/**
 * A container with its rank, decided by its own labels and the engine alone: labels on which replicas can disagree play
 * no part.
 */
export interface Judged<Kind extends Member = Member> {
  readonly member: Kind;
  readonly note: Note;
  readonly standing: Standing;
  /** The container was in rotation at the last reading of its instance. */
  readonly hasServed: boolean;
  /** Absent without a usable address and port. */
  readonly endpoint?: Address & { readonly port: number };
}

/** The containers in rotation: those with an endpoint and the best rank among these. */
export function inRotationOf<Kind extends Judged>(judged: readonly Kind[]): readonly Kind[] {
  const reachable = judged.filter(({ endpoint }) => endpoint !== undefined);
  const best = bestRank(reachable.map(({ standing }) => standing));
  return reachable.filter(({ standing }) => standing.rank === best);
}

/**
 * The replicas whose labels apply to all, newest first: the replicas in rotation. A replica that left the rotation
 * within the last minute does not decide while others can, so unstable health changes no route. With no replica in
 * rotation, the replicas that were in rotation last decide.
 */
export function decidersOf<Kind extends Judged>(judged: readonly Kind[]): readonly Kind[] {
  const serving = inRotationOf(judged);
  const steady = serving.filter(({ note }) => note.leftAtMs === undefined);
  const lastLeftAtMs = Math.max(...judged.map(leftAtMs));
  const served = judged.filter((replica) => hasLeftRecently(replica) && leftAtMs(replica) === lastLeftAtMs);
  const choices = [steady, serving, served, judged.filter(isAlive), judged];
  return byAge(choices.find((found) => found.length > 0) ?? []);
}

/** Whether the replica leaves the rotation in this pass, or left it within the last minute. */
export function hasLeftRecently(replica: Judged): boolean {
  return leftAtMs(replica) > 0;
}

/** When a replica left the rotation: `Infinity` for this pass, 0 for more than a minute ago. */
function leftAtMs({ note, hasServed }: Judged): number {
  return hasServed ? Infinity : (note.leftAtMs ?? 0);
}

/** Whether different labels of a replica are worth a problem: the replica runs, or is about to run again. */
export function isAlive({ member: { container }, note }: Judged): boolean {
  return container.state === 'running' || container.state === 'restarting' || container.state === 'paused' || note.crashes !== undefined;
}

function byAge<Kind extends Judged>(judged: readonly Kind[]): readonly Kind[] {
  return judged.toSorted(
    ({ member: { container: left } }, { member: { container: right } }) =>
      right.createdAtSeconds - left.createdAtSeconds || compareText(left.id, right.id),
  );
}
