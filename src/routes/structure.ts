import { freshOf, mayKeepConnections, withKeepalive, withConnections } from './upstream-connections.ts';
import type { LocationView, RoutingView, UpstreamBalance, UpstreamView } from './view.ts';
import { withoutUnusableBackups } from './upstream-servers.ts';
import type { UpstreamServers } from './upstream-servers.ts';
import { defined } from '../util/defined.ts';

export const spaUpstream = 'meet-spa';

/**
 * The part of a routing that labels and nginx versions decide, without addresses: nginx could refuse this part. A
 * location without an upstream answers 503 in any case.
 */
export interface RoutingStructure extends RoutingSettings {
  readonly spaPort: number;
  /** The routed services, with or without replicas in rotation. */
  readonly services: readonly RoutedService[];
  readonly groups: RoutingView['groups'];
}

interface RoutedService {
  readonly name: string;
  readonly title: string;
  readonly balance?: UpstreamBalance;
  /** nginx may keep connections to the service open. */
  readonly keepsConnections?: true;
}

/** The settings of the whole server. */
type RoutingSettings = Omit<
  RoutingView,
  | 'upstreams'
  | 'spa'
  | 'everythingElse'
  | 'fresh'
  | 'isSpaElsewhere'
  | 'groups'
  | 'statusSubnets'
  | 'hashesClients'
  | 'passesWebsockets'
  | 'refusesPaths'
  | 'trustedSubnets'
>;

/** The part of a routing that changes with containers. The grammar allows nothing here that nginx refuses. */
export interface RoutingAddresses {
  /** The servers and standbys, by upstream name. */
  readonly upstreams: ReadonlyMap<string, UpstreamServers>;
  /** The frontends behind a router; absent where the SPA is in the same container. */
  readonly spaServers?: readonly string[];
  /** The other frontends; behind a router the standbys. */
  readonly spaBackups: readonly string[];
  readonly statusSubnets: readonly string[];
  /** The subnets from which nginx accepts X-Forwarded-For; absent for an empty list. */
  readonly trustedSubnets?: readonly string[];
}

/**
 * Fills a structure with addresses. The structure may be older than the addresses: a service without addresses answers
 * 503.
 */
export function fillStructure(structure: RoutingStructure, addresses: RoutingAddresses): RoutingView {
  const { spaPort, services, groups, webhooks, ...settings } = structure;
  const upstreams = filledUpstreams(structure, addresses);
  const spaServers = addresses.spaServers ?? [`127.0.0.1:${spaPort}`];
  const spa = { name: spaUpstream, title: spaUpstream, servers: spaServers, backups: addresses.spaBackups };
  const known = new Set([...(spaServers.length === 0 ? [] : [spaUpstream]), ...upstreams.map(({ name }) => name)]);
  const asked = new Set([spaUpstream, ...services.flatMap(({ name, keepsConnections }) => (keepsConnections === true ? [name] : []))]);
  const keeping = new Set([spa, ...upstreams].flatMap((one) => (asked.has(one.name) && mayKeepConnections(one) ? [one.name] : [])));
  const everythingElse = withConnections(reachable({ kind: 'below', path: '/', upstream: spaUpstream }, known), keeping);
  const filled = groups.map(({ title, locations }) => ({
    title,
    locations: locations.map((one) => withConnections(reachable(one, known), keeping)),
  }));
  const locations = filled.flatMap((group) => group.locations);
  const calls = webhooks.map((one) => (one.upstream !== undefined && known.has(one.upstream) ? one : { path: one.path }));
  const all = [everythingElse, ...locations];
  const kept = new Set(all.flatMap(({ connections }) => connections?.keepalive ?? []));
  return {
    ...settings,
    ...(upstreams.some(({ balance }) => balance === 'ip-hash') ? { hashesClients: true } : {}),
    ...(locations.some(({ websocket }) => websocket) ? { passesWebsockets: true } : {}),
    ...([...locations, ...calls].some(({ plainPathsOnly }) => plainPathsOnly) ? { refusesPaths: true } : {}),
    ...(locations.some(({ guarded }) => guarded) ? { trustedSubnets: addresses.trustedSubnets ?? [] } : {}),
    upstreams: upstreams.map((upstream) => withKeepalive(upstream, kept)),
    spa: withKeepalive(spa, kept),
    everythingElse,
    fresh: freshOf(all),
    isSpaElsewhere: addresses.spaServers !== undefined,
    groups: filled,
    webhooks: calls,
    statusSubnets: addresses.statusSubnets,
  };
}

/** The upstreams that are used and have servers. */
function filledUpstreams(structure: RoutingStructure, addresses: RoutingAddresses): readonly UpstreamView[] {
  const used = usedUpstreams(structure);
  return structure.services.flatMap((routed) => {
    const { keepsConnections: _, ...service } = routed;
    const found = addresses.upstreams.get(service.name);
    if (found === undefined || !used.has(service.name)) return [];
    const taken = withoutUnusableBackups(found, service.balance);
    return taken.servers.length === 0 ? [] : [{ ...service, ...taken }];
  });
}

/** The upstreams that a structure uses. */
function usedUpstreams({ groups, webhooks }: Pick<RoutingStructure, 'groups' | 'webhooks'>): ReadonlySet<string> {
  return new Set([
    ...groups.flatMap(({ locations }) => locations.flatMap(upstreamsOf)),
    ...webhooks.flatMap(({ upstream }) => upstream ?? []),
  ]);
}

function upstreamsOf({ upstream, media }: LocationView): readonly string[] {
  return [...(upstream === undefined ? [] : [upstream]), ...(media === undefined ? [] : [media.auth])];
}

/** A location with a missing upstream answers 503: nginx serves files only after asking the backend. */
function reachable(location: LocationView, upstreams: ReadonlySet<string>): LocationView {
  const { kind, path, upstream, ...rest } = location;
  const { plainPathsOnly } = rest;
  if (upstream === undefined || !upstreamsOf(location).every((name) => upstreams.has(name)))
    return { kind, path, ...defined({ plainPathsOnly }) };
  if (rest.media !== undefined) return { kind, path, ...rest, media: { storage: upstream, ...rest.media } };
  return rest.allow === undefined ? location : { kind, path, guarded: upstream, ...rest };
}
