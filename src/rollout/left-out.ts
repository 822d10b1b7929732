import { ruleKey } from '../routes/ownership.ts';
import type { LocationView } from '../routes/view.ts';
import type { Edition } from './edition.ts';
import { locationsOf, settingsDiffer } from './mixture.ts';

/** What of a wanted edition another one lacks. */
export interface LeftOut {
  readonly templates: boolean;
  /** Host names, ports, sizes: what concerns the whole server. */
  readonly settings: boolean;
  readonly locations: readonly {
    readonly service: string;
    readonly location: LocationView;
    readonly instead: 'as before' | '503' | 'the SPA';
  }[];
}

/** Compares what is published with what labels and templates ask for. */
export function whatIsLeftOut(wanted: Edition, published: Edition): LeftOut {
  const there = locationsOf(published.structure);
  const locations = wanted.structure.groups.flatMap(({ title, locations: asked }) =>
    asked.flatMap((location) => {
      const found = there.get(ruleKey(location));
      if (JSON.stringify(found) === JSON.stringify(location)) return [];
      const instead = found === undefined ? ('the SPA' as const) : found.upstream === undefined ? ('503' as const) : ('as before' as const);
      return [{ service: title, location, instead }];
    }),
  );
  return {
    templates: wanted.templates !== published.templates,
    settings: settingsDiffer(wanted.structure, published.structure),
    locations,
  };
}
