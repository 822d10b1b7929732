import type { Labels } from '../model/label-table.ts';
import { passedTo } from './pick-location.ts';
import type { LocationView, UpstreamView } from './routing-view.ts';
import type { UpstreamServers } from './upstream-servers.ts';

/** Where a location's GET and HEAD go: over connections that nginx keeps open to the same servers. */
export interface KeepaliveView {
  /** The second upstream of the service, the one that keeps its connections. */
  readonly upstream: string;
  /** The named location that sends a request once more, over a new connection, where kept ones failed without an answer. */
  readonly retry: string;
}

/** A named location: the same service over new connections, with the times of the locations that it stands for. */
export interface RetryView extends Pick<LocationView, 'readTimeout' | 'connectTimeout'> {
  readonly name: string;
  readonly upstream: string;
}

/**
 * Whether labels let nginx keep connections to a service. `least-conn` and `random-two` count the connections of an upstream,
 * and would see only half of them in each of two.
 */
export function keepsConnections({ keepalive, balance }: Labels): boolean {
  return keepalive !== 'off' && balance !== 'least-conn' && balance !== 'random-two';
}

/** Whether an upstream may be there twice: `max_conns` would count twice, too. */
export function mayKeepConnections({ parameters = {} }: UpstreamServers): boolean {
  return Object.values(parameters).every(({ maxConns }) => maxConns === undefined);
}

/**
 * The same location with its kept connections, where it may have any. WebSockets, files and TLS stay with new ones, and in an `if`
 * nginx takes no `proxy_pass` that replaces the path (ngx_http_proxy_module).
 * @param keeping the names of the upstreams that may keep connections
 */
export function withKeepalive(location: LocationView, keeping: ReadonlySet<string>): LocationView {
  const { keepalive: _, ...rest } = location;
  const upstream = passedTo(rest);
  const isPlain = rest.uri === undefined && rest.websocket === undefined && rest.media === undefined && rest.proto === undefined;
  if (upstream === undefined || !keeping.has(upstream) || !isPlain) return rest;
  return { ...rest, keepalive: { upstream: keepaliveName(upstream), retry: retryName(rest, upstream) } };
}

/** The same upstream with the name of the one that keeps connections, where a location leads there. */
export function withKeepaliveUpstream(upstream: UpstreamView, retries: readonly RetryView[]): UpstreamView {
  return retries.some((retry) => retry.upstream === upstream.name) ? { ...upstream, keepalive: keepaliveName(upstream.name) } : upstream;
}

/** No service's own name has this end: a `~` in a name is ours. */
function keepaliveName(upstream: string): string {
  return `${upstream}~keepalive`;
}

/** The named locations that locations lead to. */
export function retriesOf(locations: readonly LocationView[]): readonly RetryView[] {
  const retries = new Map<string, RetryView>();
  for (const location of locations) {
    const { keepalive, readTimeout, connectTimeout } = location;
    const upstream = passedTo(location);
    if (keepalive === undefined || upstream === undefined) continue;
    retries.set(keepalive.retry, {
      name: keepalive.retry,
      upstream,
      ...(readTimeout === undefined ? {} : { readTimeout }),
      ...(connectTimeout === undefined ? {} : { connectTimeout }),
    });
  }
  return [...retries.values()];
}

/** Locations of the same upstream with the same times share one. */
function retryName({ readTimeout, connectTimeout }: LocationView, upstream: string): string {
  return ['@meet_retry', upstream, ...[readTimeout, connectTimeout].map((time) => time ?? 'default')]
    .join(':')
    .replace(/(?::default)+$/, '');
}
