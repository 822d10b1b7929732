import type { LocationView, RoutingView } from './view.ts';

/** The location that nginx picks for a path. A redirect comes from nginx itself, to the same path with a slash. */
export type Picked =
  | { readonly kind: 'location'; readonly location: LocationView; readonly group: string }
  | { readonly kind: 'redirect'; readonly location: LocationView; readonly group: string }
  | { readonly kind: 'spa' };

interface Rule {
  readonly kind: string;
  readonly path: string;
}

/**
 * The location that the routing server picks for a path (ngx_http_core_find_static_location). It is the exact location,
 * else the longest prefix, else `location /`, which is the SPA.
 * @param path in nginx's reading (`readRequestPath`)
 */
export function pickLocation({ groups }: Pick<RoutingView, 'groups'>, path: string): Picked {
  const all = groups.flatMap(({ title, locations }) => locations.map((location) => ({ location, group: title })));
  const exact = all.find(({ location }) => location.kind === 'exact' && location.path === path);
  if (exact !== undefined) return { kind: 'location', ...exact };
  // nginx adds the slash only to the path of a location that proxies.
  const slashed = all.find(({ location }) => location.kind !== 'exact' && location.path === `${path}/` && proxies(location));
  if (slashed !== undefined) return { kind: 'redirect', ...slashed };
  const above = longestAbove(all, ({ location }) => location, path);
  return above === undefined ? { kind: 'spa' } : { kind: 'location', ...above };
}

function proxies(location: LocationView): boolean {
  return passedTo(location) !== undefined;
}

/** The upstream to which a location of a view passes requests; undefined where it answers 503. */
export function passedTo({ upstream, guarded, media }: LocationView): string | undefined {
  return upstream ?? guarded ?? media?.storage;
}

/** The longest prefix that a path begins with. */
function longestAbove<Item>(items: readonly Item[], ruleOf: (item: Item) => Rule, path: string): Item | undefined {
  const above = items.filter((item) => ruleOf(item).kind !== 'exact' && path.startsWith(ruleOf(item).path));
  return above.toSorted((left, right) => ruleOf(right).path.length - ruleOf(left).path.length)[0];
}
