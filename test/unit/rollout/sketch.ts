import { editionOf } from '../../../src/rollout/edition.ts';
import type { Edition } from '../../../src/rollout/edition.ts';
import type { RoutingStructure } from '../../../src/routes/structure.ts';

/** A structure with one service for each path; the text behind a colon is the read timeout. */
export function structure(paths: readonly string[], settings: Partial<RoutingStructure> = {}): RoutingStructure {
  const routes = paths
    .map((text) => text.split(':'))
    .map(([path = '', readTimeout]) => ({ path, name: `meet_meet.${path.slice(1)}`, readTimeout }));
  return {
    instance: 'meet',
    listenPort: 8083,
    statusPort: 8084,
    serverNames: [],
    bodySize: '100M',
    readTimeout: '300s',
    connectTimeout: '2s',
    forwardProto: false,
    webhooks: [],
    spaPort: 8080,
    services: routes.map(({ name, path }) => ({ name, title: `meet${path}` })),
    groups: routes.map(({ name, path, readTimeout }) => ({
      title: `meet${path}`,
      locations: [{ kind: 'exact', path, upstream: name, ...(readTimeout === undefined ? {} : { readTimeout }) }],
    })),
    ...settings,
  };
}

export function edition(templates: string, paths: readonly string[], settings: Partial<RoutingStructure> = {}): Edition {
  return editionOf(templates, structure(paths, settings));
}

/** The paths of an edition: `/x`, `/x!` for a 503, `/x:5s` with a read timeout. */
export function pathsOf({ structure: { groups } }: Edition): readonly string[] {
  return groups.flatMap(({ locations }) =>
    locations.map(
      ({ path, upstream, readTimeout }) =>
        `${path}${upstream === undefined ? '!' : ''}${readTimeout === undefined ? '' : `:${readTimeout}`}`,
    ),
  );
}
