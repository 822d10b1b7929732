import { compareText } from './foreign-text.ts';
import type { AllowRule, Labels } from './label-table.ts';
import { intersectNetworks } from './networks.ts';
import type { PathRule } from '../nginx/token.ts';

/** What the labels `meet.allow.<name>` of a container say together. */
export type Guards = NonNullable<Labels['allow']>;

/** Who alone may reach a location by these: the longest path that covers it decides. Undefined is everybody, an empty list nobody. */
export function allowedBy({ rules, closesAll }: Guards, location: PathRule): readonly string[] | undefined {
  if (closesAll) return [];
  const covering = rules.flatMap(({ rules: paths, networks }) =>
    paths.flatMap((path) => (covers(path, location) ? [{ path, networks }] : [])),
  );
  const [best] = covering.toSorted((left, right) => compareReach(left.path, right.path));
  if (best === undefined) return undefined;
  const same = covering.filter(({ path }) => path.kind === best.path.kind && path.path === best.path.path);
  if (same.some(({ networks }) => networks.length === 0)) return [];
  return [...new Set(same.flatMap(({ networks }) => networks))].toSorted(compareText);
}

/** Whether a path of `meet.allow` speaks of the whole of a location. */
export function covers(path: PathRule, location: PathRule): boolean {
  return path.kind === 'exact' ? location.kind === 'exact' && location.path === path.path : location.path.startsWith(path.path);
}

/**
 * The guards of all these replicas in one: a path is open to those alone whom each of the replicas lets in. Replicas with the same guards,
 * or none, change nothing.
 */
export function mergeGuards(all: readonly (Guards | undefined)[]): Guards | undefined {
  const [first, ...others] = new Map(all.flatMap((guards) => (guards === undefined ? [] : [[JSON.stringify(guards), guards]]))).values();
  if (first === undefined || others.length === 0) return first;
  const each = [first, ...others];
  const named = each.flatMap(({ rules }) => rules.flatMap((label) => label.rules.map((path) => ({ name: label.name, path }))));
  const paths = new Map(named.toReversed().map((one) => [`${one.path.path} ${one.path.kind}`, one]));
  return {
    closesAll: each.some(({ closesAll }) => closesAll),
    rules: [...paths]
      .toSorted(([left], [right]) => compareText(left, right))
      .map(([, { name, path }]): AllowRule => ({ name, rules: [path], networks: allowedByEach(each, path) })),
  };
}

/** Whether the guards that hold keep out everybody whom the wanted ones keep out. */
export function keepsOut(held: Guards | undefined, wanted: Guards | undefined): boolean {
  if (wanted === undefined) return true;
  const both = mergeGuards([held, wanted]);
  if (held === undefined || both === undefined) return false;
  const paths = both.rules.flatMap(({ rules }) => rules);
  const isSame = (path: PathRule): boolean => JSON.stringify(allowedBy(both, path)) === JSON.stringify(allowedBy(held, path));
  return both.closesAll === held.closesAll && paths.every(isSame);
}

function allowedByEach(each: readonly Guards[], path: PathRule): readonly string[] {
  const lists = each.flatMap((guards) => {
    const networks = allowedBy({ ...guards, closesAll: false }, path);
    return networks === undefined ? [] : [networks];
  });
  return lists.reduce(intersectNetworks);
}

/** The narrowest first, as nginx chooses locations. */
function compareReach(left: PathRule, right: PathRule): number {
  return Number(right.kind === 'exact') - Number(left.kind === 'exact') || right.path.length - left.path.length;
}
