import { ruleKey } from '../routes/ownership.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import type { LocationView } from '../routes/view.ts';
import type { Edition } from './edition.ts';

/** The parts of a wanted edition that the published edition lacks. */
export interface LeftOut {
  readonly templates: boolean;
  /** Settings outside of locations: host names, ports, sizes. */
  readonly settings: boolean;
  readonly locations: readonly {
    readonly service: string;
    readonly location: LocationView;
    /** A published location at this path answers 503. If false, the path has an older location, or no location. */
    readonly is503: boolean;
  }[];
}

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

/** The wanted locations that no service answers in the published structure. */
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

/** Everything except the locations, with only the services that both editions have. */
function settingsOf({ structure }: Edition, other: Edition): unknown {
  const { groups: _, services, ...settings } = structure;
  const known = new Set(other.structure.services.map(({ name }) => name));
  return [settings, services.filter(({ name }) => known.has(name))];
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
