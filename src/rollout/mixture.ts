import type { LocationView } from '../routes/view.ts';
import { isMediaRule } from '../routes/media.ts';
import { ruleKey } from '../routes/ownership.ts';
import { usedUpstreams } from '../routes/structure.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import { editionOf } from './edition.ts';
import type { Edition } from './edition.ts';

/** What stands in for a location that is left out: as it was in the last good structure, 503, or nothing at all. */
export type Substitute = 'as-before' | 'unavailable' | 'absent';

/** How an edition differs from the wanted one; what isn't named is as wanted. */
export interface Mixture {
  readonly templates: string;
  /** What concerns the whole server is as it was in the last good structure. */
  readonly settingsAsBefore: boolean;
  readonly locations: ReadonlyMap<string, Substitute>;
}

type Group = RoutingStructure['groups'][number];

/** The locations by their `ruleKey`. */
export function locationsOf({ groups }: RoutingStructure): ReadonlyMap<string, LocationView> {
  return new Map(groups.flatMap(({ locations }) => locations.map((location) => [ruleKey(location), location])));
}

/** The locations of the wanted structure that the good one lacks, or has otherwise. */
export function changedLocations(wanted: RoutingStructure, good: RoutingStructure | undefined): readonly string[] {
  const before = good === undefined ? new Map<string, LocationView>() : locationsOf(good);
  return [...locationsOf(wanted)].flatMap(([key, location]) => (JSON.stringify(before.get(key)) === JSON.stringify(location) ? [] : [key]));
}

/** The locations of the wanted structure that the published one has nobody for. */
export function unansweredLocations(wanted: RoutingStructure, published: RoutingStructure): ReadonlySet<string> {
  const there = locationsOf(published);
  return new Set(changedLocations(wanted, published).filter((key) => there.get(key)?.upstream === undefined));
}

/** Whether what concerns the whole server is different. */
export function settingsDiffer(wanted: RoutingStructure, good: RoutingStructure): boolean {
  return JSON.stringify(settingsOf(wanted)) !== JSON.stringify(settingsOf(good)) || balancesDiffer(wanted, good);
}

/** Whether nginx is to choose otherwise among the replicas of a service that both know. */
function balancesDiffer(wanted: RoutingStructure, good: RoutingStructure): boolean {
  const before = new Map(good.services.map(({ name, balance }) => [name, balance]));
  return wanted.services.some(({ name, balance }) => before.has(name) && before.get(name) !== balance);
}

/** The wanted edition, but for what the mixture says. */
export function mix(wanted: Edition, good: Edition | undefined, { templates, settingsAsBefore, locations }: Mixture): Edition {
  const before = good === undefined ? new Map<string, LocationView>() : locationsOf(good.structure);
  const asked = locationsOf(wanted.structure);
  const groups = wanted.structure.groups
    .map((group) => ({
      ...group,
      locations: group.locations.flatMap((one) => substitute(one, asked, before, locations.get(ruleKey(one)))),
    }))
    .filter((group: Group) => group.locations.length > 0);
  const keeps = settingsAsBefore && good !== undefined;
  const settings = settingsOf(keeps ? good.structure : wanted.structure);
  const services = servicesFor(usedUpstreams({ ...settings, groups }), wanted.structure, good?.structure);
  return editionOf(templates, { ...settings, services: keeps ? asIn(good.structure, services) : services, groups });
}

function substitute(
  location: LocationView,
  asked: ReadonlyMap<string, LocationView>,
  before: ReadonlyMap<string, LocationView>,
  by: Substitute | undefined,
): readonly LocationView[] {
  if (by === undefined) return [location];
  const unavailable = [{ kind: location.kind, path: location.path }];
  if (by === 'unavailable') return unavailable;
  const older = before.get(ruleKey(location));
  // Neither one that isn't for everybody nor one of files is ever left out: whoever has the path above would answer, and let everybody in.
  if (by === 'absent' || older === undefined) return location.allow === undefined && !isMediaRule(location) ? [] : unavailable;
  return opens(older, location, asked, before) ? unavailable : [older];
}

/**
 * Whether a location as it was before lets somebody in who is kept out of it now, was kept out of a part of it, or is kept out of
 * the service that had it; or asks another about files than who is asked now.
 */
function opens(
  older: LocationView,
  location: LocationView,
  asked: ReadonlyMap<string, LocationView>,
  before: ReadonlyMap<string, LocationView>,
): boolean {
  if (isGuardedOtherwise(location, older) || location.media?.auth !== older.media?.auth) return true;
  const parts = [...before].filter(([key, { path }]) => older.kind === 'below' && path.startsWith(older.path) && key !== ruleKey(older));
  if (parts.some(([key, { allow }]) => allow !== undefined && !asked.has(key))) return true;
  const had = serviceOf(older);
  return serviceOf(location) !== had && [...asked.values()].some((one) => serviceOf(one) === had && isGuardedOtherwise(one, older));
}

function isGuardedOtherwise({ allow, plainPathsOnly }: LocationView, older: LocationView): boolean {
  if (plainPathsOnly && !older.plainPathsOnly) return true;
  return allow !== undefined && JSON.stringify(allow) !== JSON.stringify(older.allow);
}

/** The upstream of a service without the port of a named route. */
function serviceOf({ upstream }: LocationView): string | undefined {
  return upstream?.replace(/\+\d+$/, '');
}

/** A location as it was before can belong to a service that is wanted no more. */
function servicesFor(
  used: ReadonlySet<string>,
  wanted: RoutingStructure,
  good: RoutingStructure | undefined,
): RoutingStructure['services'] {
  const known = new Set(wanted.services.map(({ name }) => name));
  // One that nothing needs would make another edition of the same file.
  const older = (good?.services ?? []).filter(({ name }) => !known.has(name) && used.has(name));
  return [...wanted.services.filter(({ name }) => used.has(name)), ...older];
}

/** The services as an older structure has them, where it does. */
function asIn({ services }: RoutingStructure, wanted: RoutingStructure['services']): RoutingStructure['services'] {
  const before = new Map(services.map((service) => [service.name, service]));
  return wanted.map((service) => before.get(service.name) ?? service);
}

function settingsOf(structure: RoutingStructure): Omit<RoutingStructure, 'services' | 'groups'> {
  const { services: _, groups: __, ...settings } = structure;
  return settings;
}
