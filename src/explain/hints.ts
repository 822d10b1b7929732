import { nearest } from '../model/nearest.ts';
import type { Facts, InstanceFacts } from './facts.ts';
import { ownedLocations, pickOwned } from './owner.ts';
import type { OwnedLocation } from './owner.ts';

/**
 * Who may have been meant to answer a path that no service has: a path much like it, a service that takes a part of it, a
 * service of another instance; and what can't be seen from here.
 * @param path undefined where it is known whose the path is, but no container of theirs
 */
export function hintsFor(path: string | undefined, one: InstanceFacts, facts: Facts): readonly string[] {
  const meant = path === undefined ? [] : meantInstead(path, one, facts);
  const unseen = [
    'a container without meet.role is not seen at all: docker ps -a --filter label=meet.role lists those that are',
    ...(facts.only === undefined ? [] : [`this meet-gen looks after ${facts.only} alone, and sees no other instance`]),
  ];
  return [...meant, ...unseen];
}

function meantInstead(path: string, { instance, wanted, published }: InstanceFacts, facts: Facts): readonly string[] {
  const routing = wanted ?? published;
  const others = facts.instances.filter((other) => other.instance.name !== instance.name);
  return [
    ...(routing === undefined ? [] : nearLocations(path, ownedLocations(routing))),
    ...others.flatMap((other) => inOtherInstance(path, other, instance.name)),
  ];
}

/** What is said of a location that isn't the one, but lies near the path. */
function nearLocations(path: string, locations: readonly OwnedLocation[]): readonly string[] {
  const asked = withoutSlash(path);
  const owned = locations.flatMap(({ location, owner }) =>
    owner === undefined ? [] : [{ ...location, owner, base: withoutSlash(location.path) }],
  );
  if (asked === '') return [];
  const parts = owned.flatMap(({ kind, base, owner }) => {
    if (kind === 'exact')
      return asked.startsWith(`${base}/`) && !hasBelow(owned, base) ? [`${owner} takes exactly ${base}, and nothing below it`] : [];
    if (asked === base) return [`${owner} takes only what is below ${base}/`];
    return base.startsWith(`${asked}/`) ? [`${owner} takes only ${base} and what is below`] : [];
  });
  if (parts.length > 0) return [...new Set(parts)];
  const meant = mostAlike(
    asked,
    owned.map(({ base }) => base),
  );
  const owner = owned.find(({ base }) => base === meant)?.owner;
  return meant === undefined || owner === undefined ? [] : [`did you mean ${meant}? ${owner} has it`];
}

function hasBelow(locations: readonly { readonly kind: string; readonly base: string }[], wanted: string): boolean {
  return locations.some(({ kind, base }) => kind !== 'exact' && base === wanted);
}

/** Compared with as many segments as it has itself, the longest first. */
function mostAlike(asked: string, bases: readonly string[]): string | undefined {
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
  return [`${owner} has this path in the instance ${other.instance.name}; label its containers meet.instance=${here} if it is meant here`];
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
