import { ruleKey } from '../routes/ownership.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import type { LocationView } from '../routes/view.ts';
import type { Edition } from './edition.ts';

/** What of a wanted edition the published one lacks. */
export interface LeftOut {
  readonly templates: boolean;
  /** Host names, ports, sizes: what concerns more than a location. */
  readonly settings: boolean;
  readonly locations: readonly {
    readonly service: string;
    readonly location: LocationView;
    /** A published location in its place answers 503; otherwise nothing, or an older location, is published there. */
    readonly is503: boolean;
  }[];
}

/** Compares what is published with what labels and templates ask for. */
export function compareEditions(wanted: Edition, published: Edition): LeftOut {
  const there = locationsOf(published.structure);
  const locations = wanted.structure.groups.flatMap(({ title, locations: asked }) =>
    asked.flatMap((location) => {
      const found = there.get(ruleKey(location));
      if (isSame(found, location)) return [];
      return [{ service: title, location, is503: found !== undefined && found.upstream === undefined }];
    }),
  );
  return {
    templates: wanted.templates !== published.templates,
    settings: !isSame(settingsOf(wanted, published), settingsOf(published, wanted)),
    locations,
  };
}

/** The locations of the wanted structure that no service answers in the published one. */
export function unansweredLocations(wanted: RoutingStructure, published: RoutingStructure): ReadonlySet<string> {
  const there = locationsOf(published);
  const isAnswered = (key: string, location: LocationView): boolean =>
    isSame(there.get(key), location) || there.get(key)?.upstream !== undefined;
  return new Set([...locationsOf(wanted)].flatMap(([key, location]) => (isAnswered(key, location) ? [] : [key])));
}

/** The locations by their `ruleKey`. */
export function locationsOf({ groups }: RoutingStructure): ReadonlyMap<string, LocationView> {
  return new Map(groups.flatMap(({ locations }) => locations.map((location) => [ruleKey(location), location])));
}

/** All but the locations, and of the services those that the other edition has as well. */
function settingsOf({ structure }: Edition, other: Edition): unknown {
  const { groups: _, services, ...settings } = structure;
  const known = new Set(other.structure.services.map(({ name }) => name));
  return [settings, services.filter(({ name }) => known.has(name))];
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
