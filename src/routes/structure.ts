import type { LocationView, RoutingView, UpstreamBalance } from './routing-view.ts';
import { asNginxTakesThem } from './upstream-servers.ts';
import type { UpstreamServers } from './upstream-servers.ts';

/** The upstream of the SPA, which every instance has. */
export const spaUpstream = 'meet-spa';

/**
 * Everything that labels and nginx versions decide of a routing, and no address: what nginx could refuse. A location without
 * an upstream answers 503, whoever is there.
 */
export interface RoutingStructure extends RoutingSettings {
  readonly spaPort: number;
  /** The services that are routed, whether anybody of them is in rotation or not. */
  readonly services: readonly { readonly name: string; readonly title: string; readonly balance?: UpstreamBalance }[];
  readonly groups: RoutingView['groups'];
}

/** What concerns the whole server. */
type RoutingSettings = Omit<
  RoutingView,
  | 'upstreams'
  | 'spa'
  | 'isSpaElsewhere'
  | 'groups'
  | 'statusSubnets'
  | 'hashesClients'
  | 'passesWebsockets'
  | 'refusesPaths'
  | 'trustedSubnets'
>;

/** Everything that comes and goes with containers: it can't be refused by grammar. */
export interface RoutingAddresses {
  /** Who is in rotation, and who stands by, by the upstream's name. */
  readonly upstreams: ReadonlyMap<string, UpstreamServers>;
  /** The frontends behind a router; absent where the SPA is in the same container. */
  readonly spaServers?: readonly string[];
  /** The other frontends, or behind a router those that are about to be ready. */
  readonly spaBackups: readonly string[];
  readonly statusSubnets: readonly string[];
  /** Whose word on a client's address is taken; absent for nobody's. */
  readonly trustedSubnets?: readonly string[];
}

/** Puts addresses into a structure, which may be an older one: a service that has none any more answers 503. */
export function fillStructure(structure: RoutingStructure, addresses: RoutingAddresses): RoutingView {
  const { spaPort, services, groups, webhooks, ...settings } = structure;
  const used = usedUpstreams(structure);
  const upstreams = services.flatMap((service) => {
    const found = addresses.upstreams.get(service.name);
    if (found === undefined || !used.has(service.name)) return [];
    const taken = asNginxTakesThem(found, service.balance);
    return taken.servers.length === 0 ? [] : [{ ...service, ...taken }];
  });
  const spaServers = addresses.spaServers ?? [`127.0.0.1:${spaPort}`];
  const known = new Set([...(spaServers.length === 0 ? [] : [spaUpstream]), ...upstreams.map(({ name }) => name)]);
  const filled = groups.map(({ title, locations }) => ({ title, locations: locations.map((one) => reachable(one, known)) }));
  const calls = webhooks.map((one) => (one.upstream !== undefined && known.has(one.upstream) ? one : { path: one.path }));
  return {
    ...settings,
    ...(upstreams.some(({ balance }) => balance === 'ip-hash') ? { hashesClients: true } : {}),
    ...(filled.some(({ locations }) => locations.some(({ websocket }) => websocket)) ? { passesWebsockets: true } : {}),
    ...([...filled.flatMap(({ locations }) => locations), ...calls].some(({ plainPathsOnly }) => plainPathsOnly)
      ? { refusesPaths: true }
      : {}),
    ...(filled.some(({ locations }) => locations.some(({ guarded }) => guarded)) ? { trustedSubnets: addresses.trustedSubnets ?? [] } : {}),
    upstreams,
    spa: { name: spaUpstream, title: spaUpstream, servers: spaServers, backups: addresses.spaBackups },
    isSpaElsewhere: addresses.spaServers !== undefined,
    groups: filled,
    webhooks: calls,
    statusSubnets: addresses.statusSubnets,
  };
}

/** The upstreams that anything of a structure needs. */
export function usedUpstreams({ groups, webhooks }: Pick<RoutingStructure, 'groups' | 'webhooks'>): ReadonlySet<string> {
  return new Set([
    ...groups.flatMap(({ locations }) => locations.flatMap(upstreamsOf)),
    ...webhooks.flatMap(({ upstream }) => upstream ?? []),
  ]);
}

/** The upstreams that a location needs, all of them. */
function upstreamsOf({ upstream, media }: LocationView): readonly string[] {
  return [...(upstream === undefined ? [] : [upstream]), ...(media === undefined ? [] : [media.auth])];
}

/** A location that lacks an upstream, or whose upstreams aren't all there, answers 503: files are never served unasked. */
function reachable(location: LocationView, upstreams: ReadonlySet<string>): LocationView {
  const { kind, path, upstream, ...rest } = location;
  const { plainPathsOnly } = rest;
  if (upstream === undefined || !upstreamsOf(location).every((name) => upstreams.has(name)))
    return { kind, path, ...(plainPathsOnly === undefined ? {} : { plainPathsOnly }) };
  if (rest.media !== undefined) return { kind, path, ...rest, media: { storage: upstream, ...rest.media } };
  return rest.allow === undefined ? location : { kind, path, guarded: upstream, ...rest };
}
