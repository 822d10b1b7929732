import type { Instance, Service } from '../model/instance.ts';
import { rulesOf, serviceTitle } from '../routes/ownership.ts';
import { pickLocation } from '../routes/pick-location.ts';
import type { Picked } from '../routes/pick-location.ts';
import type { LocationView } from '../routes/view.ts';
import { spaUpstream } from '../routes/structure.ts';
import type { Routing } from './facts.ts';

/** A location of the file, and the title of the service that it is for; undefined for the SPA. */
export interface OwnedLocation {
  readonly location: LocationView;
  readonly owner: string | undefined;
}

/** What a routing does with a path: nginx's choice, and whose it is. */
export type OwnedPick = { readonly kind: Picked['kind']; readonly location?: LocationView; readonly owner: string | undefined };

/** Picks the location of a path, and tells whose it is. */
export function pickOwned(routing: Routing, path: string): OwnedPick {
  const picked = pickLocation(routing.view, path);
  if (picked.kind === 'spa') return { kind: 'spa', owner: undefined };
  return { kind: picked.kind, location: picked.location, owner: ownerOf(routing, picked.location, picked.group) };
}

/** Whether a published location answers 503 because nginx took no more of it, while labels want a service to answer there. */
export function isLeftOut({ kind, path }: LocationView, published: Routing, wanted: Routing | undefined): boolean {
  const upstreamIn = ({ structure }: Routing): string | undefined =>
    structure.groups.flatMap(({ locations }) => locations).find((one) => one.kind === kind && one.path === path)?.upstream;
  return wanted !== undefined && upstreamIn(published) === undefined && upstreamIn(wanted) !== undefined;
}

/** All locations, each with its owner. */
export function ownedLocations(routing: Routing): readonly OwnedLocation[] {
  return routing.view.groups.flatMap(({ title, locations }) =>
    locations.map((location) => ({ location, owner: ownerOf(routing, location, title) })),
  );
}

/** The view has no upstream where nobody is there; the structure says who would be. A group holds what lies beside its paths too. */
function ownerOf({ structure }: Routing, { kind, path }: LocationView, group: string): string | undefined {
  const whole = structure.groups.flatMap(({ locations }) => locations).find((one) => one.kind === kind && one.path === path);
  if (whole?.upstream === spaUpstream) return undefined;
  return structure.services.find(({ name }) => name === whole?.upstream)?.title ?? group;
}

/** The services of that title: one, and none where only its paths are kept. */
export function servicesCalled(instance: Instance, title: string): readonly Service[] {
  return instance.services.filter((service) => serviceTitle(service) === title);
}

/** Whether a service asks for a path, though another may have it. */
export function claims(service: Service, path: string): boolean {
  return rulesOf(service).some((rule) => (rule.kind === 'exact' ? rule.path === path : path.startsWith(rule.path)));
}
