import type { Labels } from '../model/label-table.ts';
import { passedTo } from './pick-location.ts';
import { defined } from '../util/defined.ts';
import { serviceSettings } from './location-settings.ts';
import type { LocationSettings } from './location-settings.ts';
import type { FreshView, LocationConnections, LocationView, UpstreamView } from './view.ts';
import type { UpstreamServers } from './upstream-servers.ts';

/**
 * Whether the labels let nginx keep connections to a service. `least-conn` and `random-two` count the connections of an
 * upstream, and would see only half of them in each of two upstreams.
 */
export function keepsConnections({ keepalive, balance }: Labels): boolean {
  return keepalive !== 'off' && balance !== 'least-conn' && balance !== 'random-two';
}

/** Whether a service may have two upstreams: each would allow `max_conns` connections. */
export function mayKeepConnections({ parameters = {} }: UpstreamServers): boolean {
  return Object.values(parameters).every(({ maxConns }) => maxConns === undefined);
}

/**
 * Adds the connections that a location's requests may use. nginx refuses a `proxy_pass` that replaces the path in a
 * named location and in an `if` (ngx_http_proxy_module). WebSockets and TLS get no kept connections. A large body
 * leaves a location before nginx checks `allow`, so a guarded location keeps it.
 * @param keeping the names of the upstreams that may keep connections
 */
export function withConnections(location: LocationView, keeping: ReadonlySet<string>): LocationView {
  const { connections: _, ...rest } = location;
  const upstream = passedTo(rest);
  if (upstream === undefined || rest.uri !== undefined || rest.media !== undefined) return rest;
  const isKept = keeping.has(upstream) && rest.websocket === undefined && rest.proto === undefined;
  const streams = rest.guarded === undefined;
  if (!isKept && !streams) return rest;
  const connections: LocationConnections = {
    fresh: freshName(rest, upstream),
    ...(streams ? { streams } : {}),
    ...(isKept ? { keepalive: keepaliveName(upstream) } : {}),
  };
  return { ...rest, connections };
}

/**
 * Adds the name of the second upstream, which keeps connections, if a location leads to it.
 * @param kept the names of the upstreams that locations lead to
 */
export function withKeepalive(upstream: UpstreamView, kept: ReadonlySet<string>): UpstreamView {
  const keepalive = keepaliveName(upstream.name);
  return kept.has(keepalive) ? { ...upstream, keepalive } : upstream;
}

/** Only meet-gen writes `~` into names, so no upstream of a service has a name with this suffix. */
function keepaliveName(upstream: string): string {
  return `${upstream}~kept`;
}

export function freshOf(locations: readonly LocationView[]): readonly FreshView[] {
  const byName = new Map<string, FreshView>();
  for (const location of locations) {
    const { connections } = location;
    const upstream = passedTo(location);
    if (connections === undefined || upstream === undefined) continue;
    byName.set(connections.fresh, {
      name: connections.fresh,
      upstream,
      ...settingsOf(location),
    });
  }
  return [...byName.values()];
}

/** Locations with the same upstream and settings share a named location. */
function freshName(location: LocationView, upstream: string): string {
  const settings = serviceSettings.map((name) => location[name] ?? 'default');
  return ['@meet_fresh', upstream, ...settings].join(':').replace(/(?::default)+$/, '');
}

function settingsOf(location: LocationView): LocationSettings {
  return defined(Object.fromEntries(serviceSettings.map((name) => [name, location[name]])));
}
