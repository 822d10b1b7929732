import { allowPrefix } from './allow-labels.ts';
import { decidersOf, inRotationOf, isAlive, hasLeftRecently } from './deciders.ts';
import type { Judged } from './deciders.ts';
import { compareText } from './untrusted-text.ts';
import { mergeGuards } from './guards.ts';
import { labelTable } from './label-table.ts';
import type { LabelName, Labels, NamedRoute } from './label-table.ts';
import { isNginx } from './member.ts';
import type { Member } from './member.ts';
import { routePrefix } from './named-routes.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

type Mutable = { -readonly [Name in keyof Labels]: Labels[Name] };

/** A key for which replicas have different values. */
interface Dispute {
  readonly key: string;
  /** The replica whose value applies; absent for guards, which apply together. */
  readonly holder?: Member;
  readonly others: readonly Member[];
}

const labelNames = Object.keys(labelTable) as LabelName[];

/**
 * The labels that apply to all replicas of a service. For each key the newest readable value among the replicas in
 * rotation applies; a missing label counts as its default. A value that is readable in part counts only where no replica
 * has a fully readable one. The guards of all replicas in rotation apply together.
 * @param judged the replicas without one-offs
 * @param title the replicas in words, for the problem
 */
export function agree(judged: readonly Judged[], instance: string, title: string): { labels: Labels; problems: readonly Problem[] } {
  const deciders = decidersOf(judged).map(({ member }) => member);
  const [newest] = deciders;
  if (newest === undefined) return { labels: {}, problems: [] };
  const alive = judged.filter((one) => isAlive(one) || hasLeftRecently(one));
  const shown = (alive.length > 0 ? alive : judged).map(({ member }) => member);
  const labels: Mutable = {};
  const disputes: Dispute[] = [];
  const settle = <Value>(key: string, read: (member: Member) => Value | undefined, isPerReplica = false): Value | undefined => {
    const holder = holderOf(deciders, key, read) ?? newest;
    const value = read(holder);
    if (isPerReplica) return value;
    const others = shown.filter((member) => isDifferent(read(member), value));
    if (others.length > 0) disputes.push({ key, holder, others });
    return value;
  };
  for (const name of labelNames) {
    const { key, scope } = labelTable[name];
    // The SPA is on one port in all frontends of an instance.
    const isPerReplica = scope !== undefined && !(name === 'port' && isNginx(newest));
    const value = settle(key, (member) => member.labels[name], isPerReplica);
    if (value !== undefined) Object.assign(labels, { [name]: value });
  }
  const routes = routeNames(shown).flatMap((name) => settle(`${routePrefix}${name}`, (member) => routeNamed(member, name)) ?? []);
  if (routes.length > 0) labels.routes = routes;
  const allow = mergeGuards(guarding(judged, deciders).map((member) => member.labels.allow));
  if (allow !== undefined) labels.allow = allow;
  const unguarded = shown.filter((member) => isDifferent(member.labels.allow, allow));
  if (unguarded.length > 0) disputes.push({ key: `${allowPrefix}*`, others: unguarded });
  return { labels, problems: disputes.length === 0 ? [] : [disagreement(instance, title, disputes)] };
}

/** The replica whose value of a key applies; undefined if the value of every replica is unreadable. */
function holderOf(deciders: readonly Member[], key: string, read: (member: Member) => unknown): Member | undefined {
  return deciders.find(({ flawed }) => !flawed.has(key)) ?? deciders.find((member) => read(member) !== undefined);
}

/**
 * The replicas whose guards apply: the replicas in rotation, and replicas that left the rotation within the last minute.
 * So an unstable replica does not add and remove its guard each time.
 */
function guarding(judged: readonly Judged[], deciders: readonly Member[]): readonly Member[] {
  const serving = new Set<Judged>(inRotationOf(judged));
  const guards = judged.filter((one) => serving.has(one) || hasLeftRecently(one));
  return guards.length > 0 ? guards.map(({ member }) => member) : deciders;
}

/** The names of all routes, readable or not. */
function routeNames(members: readonly Member[]): readonly string[] {
  const names = members.flatMap(({ labels, flawed }) => [
    ...(labels.routes ?? []).map(({ name }) => name),
    ...[...flawed].flatMap((key) => (key.startsWith(routePrefix) ? [key.slice(routePrefix.length)] : [])),
  ]);
  return [...new Set(names)].toSorted(compareText);
}

function routeNamed({ labels }: Member, name: string): NamedRoute | undefined {
  return labels.routes?.find((route) => route.name === name);
}

function isDifferent(left: unknown, right: unknown): boolean {
  return left !== right && JSON.stringify(left) !== JSON.stringify(right);
}

function disagreement(instance: string, title: string, disputes: readonly Dispute[]): Problem {
  const names = [...new Set(disputes.flatMap(({ holder }) => holder?.container.name ?? []))].toSorted(compareText);
  const held = names.map((name) => {
    const keys = disputes.filter(({ holder }) => holder?.container.name === name).map(({ key }) => titleOf(key));
    return `the ${keys.length === 1 ? 'value' : 'values'} of ${keys.join(' and ')} on ${name} ${keys.length === 1 ? 'applies' : 'apply'}`;
  });
  const hasGuards = disputes.some(({ holder }) => holder === undefined);
  const guarded = hasGuards ? [`a path of ${allowPrefix}* is open only to networks that every replica in rotation lets in`] : [];
  return problem('replicas-disagree', {
    instance,
    container: namesOf(disputes.flatMap(({ others }) => others)),
    key: disputes.map(({ key }) => titleOf(key)).join(', '),
    message: `${title} have different values; ${[...held, ...guarded].join('; ')}`,
    cure: 'recreate the containers with the wrong values; a container with the right values must be in rotation (meet-gen status)',
  });
}

function titleOf(key: string): string {
  return key.startsWith(routePrefix) ? `${key}.*` : key;
}

function namesOf(members: readonly Member[]): string {
  return [...new Set(members.map(({ container }) => container.name))].toSorted(compareText).join(', ');
}
