import { allowPrefix } from './allow-labels.ts';
import { decidersOf, inRotationOf, isAlive, leftLately } from './deciders.ts';
import type { Judged } from './deciders.ts';
import { compareText } from './foreign-text.ts';
import { mergeGuards } from './guards.ts';
import { labelTable } from './label-table.ts';
import type { LabelName, Labels, NamedRoute } from './label-table.ts';
import { isNginx } from './member.ts';
import type { Member } from './member.ts';
import { routePrefix } from './named-routes.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

type Mutable = { -readonly [Name in keyof Labels]: Labels[Name] };

/** A key of which the replicas say different things. */
interface Dispute {
  readonly key: string;
  /** Whose value holds; absent for guards, where everybody's do. */
  readonly holder?: Member;
  readonly others: readonly Member[];
}

const labelNames = Object.keys(labelTable) as LabelName[];

/**
 * The labels that hold for all replicas: for each key the newest value that can be read among those in rotation, where no label is a
 * value, too. A value that can be read in part counts where nobody's can be read whole. Guards are everybody's who is in rotation.
 * @param judged replicas that stay: no one-offs
 */
export function agree(judged: readonly Judged[], instance: string, whose: string): { labels: Labels; problems: readonly Problem[] } {
  const deciders = decidersOf(judged).map(({ member }) => member);
  const [newest] = deciders;
  if (newest === undefined) return { labels: {}, problems: [] };
  const alive = judged.filter((one) => isAlive(one) || leftLately(one));
  const shown = (alive.length > 0 ? alive : judged).map(({ member }) => member);
  const labels: Mutable = {};
  const disputes: Dispute[] = [];
  /** Takes the value of one key over. */
  const settle = <Value>(key: string, read: (member: Member) => Value | undefined, isEachOnesOwn = false): Value | undefined => {
    const holder = holderOf(deciders, key, read) ?? newest;
    const value = read(holder);
    if (isEachOnesOwn) return value;
    const others = shown.filter((member) => isDifferent(read(member), value));
    if (others.length > 0) disputes.push({ key, holder, others });
    return value;
  };
  for (const name of labelNames) {
    const { key, scope } = labelTable[name];
    // All frontends of an instance have the SPA on one port.
    const isEachOnesOwn = scope !== undefined && !(name === 'port' && isNginx(newest));
    const value = settle(key, (member) => member.labels[name], isEachOnesOwn);
    if (value !== undefined) Object.assign(labels, { [name]: value });
  }
  const routes = routeNames(shown).flatMap((name) => settle(`${routePrefix}${name}`, (member) => routeNamed(member, name)) ?? []);
  if (routes.length > 0) labels.routes = routes;
  const allow = mergeGuards(guarding(judged, deciders).map((member) => member.labels.allow));
  if (allow !== undefined) labels.allow = allow;
  const unguarded = shown.filter((member) => isDifferent(member.labels.allow, allow));
  if (unguarded.length > 0) disputes.push({ key: `${allowPrefix}*`, others: unguarded });
  return { labels, problems: disputes.length === 0 ? [] : [disagreement(instance, whose, disputes)] };
}

/** Whose value of a key holds; undefined where nobody's can be read. */
function holderOf(deciders: readonly Member[], key: string, read: (member: Member) => unknown): Member | undefined {
  return deciders.find(({ flawed }) => !flawed.has(key)) ?? deciders.find((member) => read(member) !== undefined);
}

/**
 * Whose guards hold: those in rotation, and those that were a moment ago, since a guard must not come and go with the health of the
 * replica that asks for it.
 */
function guarding(judged: readonly Judged[], deciders: readonly Member[]): readonly Member[] {
  const serving = new Set<Judged>(inRotationOf(judged));
  const guards = judged.filter((one) => serving.has(one) || leftLately(one));
  return guards.length > 0 ? guards.map(({ member }) => member) : deciders;
}

/** The names of all routes, also of those that could not be read. */
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

function disagreement(instance: string, whose: string, disputes: readonly Dispute[]): Problem {
  const names = [...new Set(disputes.flatMap(({ holder }) => holder?.container.name ?? []))].toSorted(compareText);
  const held = names.map((name) => {
    const keys = disputes.filter(({ holder }) => holder?.container.name === name).map(({ key }) => titleOf(key));
    return `${keys.join(' and ')} of ${name} ${keys.length === 1 ? 'holds' : 'hold'}`;
  });
  const hasGuards = disputes.some(({ holder }) => holder === undefined);
  const guarded = hasGuards ? [`${allowPrefix}* lets in those alone whom all in rotation let in`] : [];
  return problem('replicas-disagree', {
    instance,
    container: namesOf(disputes.flatMap(({ others }) => others)),
    key: disputes.map(({ key }) => titleOf(key)).join(', '),
    message: `${whose} carry different values; ${[...held, ...guarded].join('; ')}`,
    cure: 'recreate the others, so that all carry the same labels; where theirs should hold, see why they are not in rotation',
  });
}

function titleOf(key: string): string {
  return key.startsWith(routePrefix) ? `${key}.*` : key;
}

function namesOf(members: readonly Member[]): string {
  return [...new Set(members.map(({ container }) => container.name))].toSorted(compareText).join(', ');
}
