import type { Instance, Service } from '../model/instance.ts';
import { rulesOf, serviceTitle } from '../routes/ownership.ts';
import { pickLocation } from '../routes/pick-location.ts';
import type { Picked } from '../routes/pick-location.ts';
import type { LocationView } from '../routes/view.ts';
import { spaUpstream } from '../routes/structure.ts';
import type { Routing } from './facts.ts';

/** A location of the file with the title of its service; undefined for the SPA. */
export interface OwnedLocation {
  readonly location: LocationView;
  readonly owner: string | undefined;
}

/** The location that nginx picks for a path, and its owner. */
export type OwnedPick = { readonly kind: Picked['kind']; readonly location?: LocationView; readonly owner: string | undefined };

export function pickOwned(routing: Routing, path: string): OwnedPick {
  const picked = pickLocation(routing.view, path);
  if (picked.kind === 'spa') return { kind: 'spa', owner: undefined };
  return { kind: picked.kind, location: picked.location, owner: ownerOf(routing, picked.location, picked.group) };
}

/**
 * Whether a published location is left out: it answers 503 since nginx refuses it, while labels want a service there.
 */
export function isLeftOut({ kind, path }: LocationView, published: Routing, wanted: Routing | undefined): boolean {
  const upstreamIn = ({ structure }: Routing): string | undefined =>
    structure.groups.flatMap(({ locations }) => locations).find((one) => one.kind === kind && one.path === path)?.upstream;
  return wanted !== undefined && upstreamIn(published) === undefined && upstreamIn(wanted) !== undefined;
}

export function ownedLocations(routing: Routing): readonly OwnedLocation[] {
  return routing.view.groups.flatMap(({ title, locations }) =>
    locations.map((location) => ({ location, owner: ownerOf(routing, location, title) })),
  );
}

/**
 * The title of a location's owner. If an upstream has no servers, it is missing in the view, so the structure names the
 * owner. A group also holds locations beside its paths, which belong to others.
 */
function ownerOf({ structure }: Routing, { kind, path }: LocationView, group: string): string | undefined {
  const whole = structure.groups.flatMap(({ locations }) => locations).find((one) => one.kind === kind && one.path === path);
  if (whole?.upstream === spaUpstream) return undefined;
  return structure.services.find(({ name }) => name === whole?.upstream)?.title ?? group;
}

/** The services with that title: one, or an empty list if only its paths are reserved. */
export function servicesCalled(instance: Instance, title: string): readonly Service[] {
  return instance.services.filter((service) => serviceTitle(service) === title);
}

/** Whether a service asks for a path, even where another service has it. */
export function claims(service: Service, path: string): boolean {
  return rulesOf(service).some((rule) => (rule.kind === 'exact' ? rule.path === path : path.startsWith(rule.path)));
}
