import { compareText } from './untrusted-text.ts';
import type { AllowRule, Labels } from './label-table.ts';
import { intersectNetworks } from './networks.ts';
import type { PathRule } from '../nginx/token.ts';

/** All labels `meet.allow.<name>` of a container together. */
export type Guards = NonNullable<Labels['allow']>;

/**
 * The networks that may reach a location: the longest path that covers it decides. Undefined allows all networks, an
 * empty list allows no network.
 */
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

/** Whether a path of `meet.allow` covers a whole location. */
export function covers(path: PathRule, location: PathRule): boolean {
  return path.kind === 'exact' ? location.kind === 'exact' && location.path === path.path : location.path.startsWith(path.path);
}

/**
 * Merges the guards of all these replicas: a path is open only to networks that each replica lets in. Replicas with
 * equal guards, or without guards, change nothing.
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

/** Whether the guards in force keep out every network that the wanted guards keep out. */
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

/** Narrowest path first, the order in which nginx chooses locations. */
function compareReach(left: PathRule, right: PathRule): number {
  return Number(right.kind === 'exact') - Number(left.kind === 'exact') || right.path.length - left.path.length;
}
