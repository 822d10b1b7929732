import type { Address } from './address.ts';
import type { Note } from './container.ts';
import { compareText } from './foreign-text.ts';
import type { Member } from './member.ts';
import { bestRank } from './rotation.ts';
import type { Standing } from './rotation.ts';

/** A container, and its place in the rotation as its own labels and the engine decide it: nothing that replicas can disagree on. */
export interface Judged<Kind extends Member = Member> {
  readonly member: Kind;
  readonly note: Note;
  readonly standing: Standing;
  /** It was in rotation when its instance was read last. */
  readonly hasServed: boolean;
  /** Absent without a usable address and port. */
  readonly endpoint?: Address & { readonly port: number };
}

/** Those in rotation: the ones with an endpoint whose rank is the best among these. */
export function inRotationOf<Kind extends Judged>(judged: readonly Kind[]): readonly Kind[] {
  const reachable = judged.filter(({ endpoint }) => endpoint !== undefined);
  const best = bestRank(reachable.map(({ standing }) => standing));
  return reachable.filter(({ standing }) => standing.rank === best);
}

/**
 * Whose labels hold for all of these, newest first: those in rotation. A replica that left the rotation within the last minute decides
 * nothing while there are others, so health that comes and goes changes no route. With nobody in rotation, those that served last.
 */
export function decidersOf<Kind extends Judged>(judged: readonly Kind[]): readonly Kind[] {
  const serving = inRotationOf(judged);
  const steady = serving.filter(({ note }) => note.leftAtMs === undefined);
  const lastLeftAtMs = Math.max(...judged.map(leftAtMs));
  const served = judged.filter((one) => leftLately(one) && leftAtMs(one) === lastLeftAtMs);
  const choices = [steady, serving, served, judged.filter(isAlive), judged];
  return byAge(choices.find((found) => found.length > 0) ?? []);
}

/** Whether it leaves the rotation now, or did within the last minute. */
export function leftLately(one: Judged): boolean {
  return leftAtMs(one) > 0;
}

/** Of those that aren't in rotation: when they left it, `Infinity` for now, 0 for long ago. */
function leftAtMs({ note, hasServed }: Judged): number {
  return hasServed ? Infinity : (note.leftAtMs ?? 0);
}

/** Whether the labels of a replica are worth a word: it runs, or is about to again. */
export function isAlive({ member: { container }, note }: Judged): boolean {
  return container.state === 'running' || container.state === 'restarting' || container.state === 'paused' || note.crashes !== undefined;
}

/** Newest first; of the same second, the lowest id first. */
function byAge<Kind extends Judged>(judged: readonly Kind[]): readonly Kind[] {
  return judged.toSorted(
    ({ member: { container: left } }, { member: { container: right } }) =>
      right.createdAtSeconds - left.createdAtSeconds || compareText(left.id, right.id),
  );
}
