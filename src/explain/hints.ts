import { nearest } from '../model/nearest.ts';
import type { Facts, InstanceFacts } from './facts.ts';
import { ownedLocations, pickOwned } from './owner.ts';
import type { OwnedLocation } from './owner.ts';

/**
 * Hints for a path without a service: similar paths, services with a part of the path, services of other instances. A
 * last hint names the limits of this view.
 * @param path undefined if the owner of the path is known but has no container
 */
export function hintsFor(path: string | undefined, one: InstanceFacts, facts: Facts): readonly string[] {
  const meant = path === undefined ? [] : similarTargets(path, one, facts);
  const unseen = [
    'meet-gen does not see containers without meet.role; docker ps -a --filter label=meet.role lists the others',
    ...(facts.only === undefined ? [] : [`this meet-gen serves only the instance ${facts.only}, and sees no other instances`]),
  ];
  return [...meant, ...unseen];
}

function similarTargets(path: string, { instance, wanted, published }: InstanceFacts, facts: Facts): readonly string[] {
  const routing = wanted ?? published;
  const others = facts.instances.filter((other) => other.instance.name !== instance.name);
  return [
    ...(routing === undefined ? [] : nearLocations(path, ownedLocations(routing))),
    ...others.flatMap((other) => inOtherInstance(path, other, instance.name)),
  ];
}

/** Hints about locations near the path. */
function nearLocations(path: string, locations: readonly OwnedLocation[]): readonly string[] {
  const asked = withoutSlash(path);
  const owned = locations.flatMap(({ location, owner }) =>
    owner === undefined ? [] : [{ ...location, owner, base: withoutSlash(location.path) }],
  );
  if (asked === '') return [];
  const parts = owned.flatMap(({ kind, base, owner }) => {
    if (kind === 'exact')
      return asked.startsWith(`${base}/`) && !hasBelow(owned, base) ? [`${owner} has only the exact path ${base}, and nothing below`] : [];
    if (asked === base) return [`${owner} has only the paths below ${base}/`];
    return base.startsWith(`${asked}/`) ? [`${owner} has only ${base} and the paths below`] : [];
  });
  if (parts.length > 0) return [...new Set(parts)];
  const meant = mostSimilar(
    asked,
    owned.map(({ base }) => base),
  );
  const owner = owned.find(({ base }) => base === meant)?.owner;
  return meant === undefined || owner === undefined ? [] : [`did you mean ${meant}? ${owner} has it`];
}

function hasBelow(locations: readonly { readonly kind: string; readonly base: string }[], wanted: string): boolean {
  return locations.some(({ kind, base }) => kind !== 'exact' && base === wanted);
}

/** Compares each path with as many segments of the asked path as it has, the longest first. */
function mostSimilar(asked: string, bases: readonly string[]): string | undefined {
  const lengths = [...new Set(bases.map(countSegments))].toSorted((left, right) => right - left);
  return lengths
    .filter((length) => length > 0 && length <= countSegments(asked))
    .map((length) =>
      nearest(
        firstSegments(asked, length),
        bases.filter((base) => countSegments(base) === length),
        { prefix: '/' },
      ),
    )
    .find((found) => found !== undefined);
}

function inOtherInstance(path: string, other: InstanceFacts, here: string): readonly string[] {
  const routing = other.wanted ?? other.published;
  const owner = routing === undefined ? undefined : pickOwned(routing, path).owner;
  if (owner === undefined) return [];
  return [
    `${owner} has this path in the instance ${other.instance.name}; set meet.instance=${here} on its containers if it should answer here`,
  ];
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

function countSegments(path: string): number {
  return path.split('/').length - 1;
}

function firstSegments(path: string, count: number): string {
  return path
    .split('/')
    .slice(0, count + 1)
    .join('/');
}
