/*
 * routes/: an instance goes in. The plan comes out: the owner of each path, and every value that the template prints.
 */

import { compareText } from '../model/untrusted-text.ts';
import type { Instance, Service } from '../model/instance.ts';
import { labelTable } from '../model/label-table.ts';
import { ownOf } from '../model/in-rotation.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { allowedAt, isGuarded, trustedSubnets, withGuardedPaths } from './access.ts';
import { hasIpv6 } from './ipv6.ts';
import { keepsConnections } from './upstream-connections.ts';
import { serverDefaults, settingsFor } from './location-settings.ts';
import { mediaAccess, mediaAuthPath } from './media.ts';
import { keepsConnectionsByDefault, supportsKeepaliveMinTimeout } from '../nginx/version.ts';
import type { NginxVersion } from '../nginx/version.ts';
import { assignRoutes, ownBackendRoutes, routeFor, routesByRule, routesByService, ruleKey, serviceTitle } from './ownership.ts';
import type { Route } from './ownership.ts';
import { decideFrontendPorts } from './ports.ts';
import type { FrontendPorts } from './ports.ts';
import { rotationProblems } from './rotation-problems.ts';
import { statusSubnets } from './status-access.ts';
import { fillStructure, spaUpstream } from './structure.ts';
import type { RoutingAddresses, RoutingStructure } from './structure.ts';
import { backupProblems, liveEndpoints, serversOf } from './upstream-servers.ts';
import type { LocationView, RoutingView, UpstreamBalance } from './view.ts';
import { webhookHost, webhooksOf } from './webhooks.ts';
import { defined } from '../util/defined.ts';

/** Long enough for a busy client, and short enough for the frontend's stop, which waits for this time. */
export const keepaliveMinTimeoutMs = 2000;

/** The longest name for nginx's server_names hash with its default bucket of 64 bytes; a longer name stops nginx. */
const maxServerNameLength = 46;

/** The decided routing of an instance; `view` is the structure with the addresses filled in. */
export interface RoutingPlan {
  readonly structure: RoutingStructure;
  readonly addresses: RoutingAddresses;
  readonly view: RoutingView;
  readonly routes: readonly Route[];
  readonly problems: readonly Problem[];
}

/**
 * Decides the routing of an instance.
 * @param versions the nginx versions of its frontends, undefined for an unknown version
 */
export function planRouting(instance: Instance, versions: readonly (NginxVersion | undefined)[]): RoutingPlan {
  const { ports, problems: portProblems } = decideFrontendPorts(instance);
  const { routes: asked, problems: routeProblems } = assignRoutes(instance);
  const { routes, problems: allowProblems } = withGuardedPaths(instance, asked);
  const server = { ...serverDefaults, bodySize: instance.frontendLabels.bodySize ?? serverDefaults.bodySize };
  const ownBackends = ownBackendRoutes(routes, instance);
  const upstreams = upstreamsOf(routes);
  const services = servedUpstreams(routes, upstreams);
  const publicHost = webhookHost(instance.frontendLabels);
  const structure: RoutingStructure = {
    instance: instance.name,
    listenPort: ports.listen,
    statusPort: ports.status,
    ...(hasIpv6(instance) ? { listensOnIpv6: true } : {}),
    serverNames: (instance.frontendLabels.hosts ?? []).filter((host) => host.length <= maxServerNameLength),
    ...server,
    forwardProto: instance.frontendLabels.forwardedProto === 'forward',
    ...(supportsKeepaliveMinTimeout(versions) ? { keepaliveMinTimeout: `${keepaliveMinTimeoutMs / 1000}s` } : {}),
    ...(keepsConnectionsByDefault(versions) ? { keepsConnectionsByDefault: true } : {}),
    webhooks: webhooksOf(ownBackends, (route) => plainUpstream(route, upstreams)),
    ...defined({ webhookHost: publicHost }),
    spaPort: ports.spa,
    services: services.map(({ service, name }) => ({ name, title: serviceTitle(service), ...connectionsOf(service) })),
    groups: groupLocations(routes, ownBackends, upstreams, server),
  };
  const addresses: RoutingAddresses = {
    upstreams: new Map(services.map(({ service, name, port }) => [name, serversOf(service, port)])),
    ...spaAddresses(instance, ports),
    statusSubnets: statusSubnets(instance),
    trustedSubnets: trustedSubnets(instance),
  };
  const view = fillStructure(structure, addresses);
  return {
    structure,
    addresses,
    view,
    routes,
    problems: [
      ...portProblems,
      ...routeProblems,
      ...allowProblems,
      ...longHosts(instance),
      ...backupProblems(instance),
      ...rotationProblems(instance, routes),
    ],
  };
}

function longHosts(instance: Instance): readonly Problem[] {
  const tooLong = (instance.frontendLabels.hosts ?? []).filter((host) => host.length > maxServerNameLength);
  if (tooLong.length === 0) return [];
  return [
    problem('label-without-effect', {
      instance: instance.name,
      container: instance.frontends[0]?.container.name,
      key: labelTable.hosts.key,
      value: tooLong.join(','),
      message: `host names of more than ${maxServerNameLength} characters are left out of server_name, since nginx's default hash can't hold them; their requests are still answered`,
      cure: 'none needed; remove the label to end this message',
    }),
  ];
}

/** An upstream for each port of a service that routes lead to. */
function servedUpstreams(
  routes: readonly Route[],
  upstreams: Upstreams,
): readonly { readonly service: Service; readonly name: string; readonly port?: number }[] {
  const byService = routesByService(routes);
  return [...upstreams].flatMap(([service, name]) => {
    const ports = new Set((byService.get(service) ?? []).map(({ named }) => named?.port));
    const others = [...ports].flatMap((port) => port ?? []).toSorted((left, right) => left - right);
    return [...(ports.has(undefined) ? [{ service, name }] : []), ...others.map((port) => ({ service, name: atPort(name, port), port }))];
  });
}

/** No service's upstream ends in `+` and digits: a `+` in an upstream name is otherwise followed by a letter. */
function atPort(upstream: string, port: number | undefined): string {
  return port === undefined ? upstream : `${upstream}+${port}`;
}

function connectionsOf({ labels }: Service): { balance?: UpstreamBalance; keepsConnections?: true } {
  const { balance } = labels;
  return {
    ...(balance === undefined || balance === 'round-robin' ? {} : { balance }),
    ...(keepsConnections(labels) ? { keepsConnections: true } : {}),
  };
}

/** The upstream of each routed service. */
type Upstreams = ReadonlyMap<Service, string>;

/**
 * A service without replicas has no upstream. A missing backend has one, unless a service has the same upstream name:
 * that service would get the backend's requests.
 */
function upstreamsOf(routes: readonly Route[]): Upstreams {
  const services = routedServices(routes);
  const taken = new Set(services.filter(({ replicas }) => replicas.length > 0).map(upstreamName));
  const hasOwn = (service: Service): boolean =>
    service.replicas.length > 0 || (service.role === 'backend' && !taken.has(upstreamName(service)));
  return new Map(services.filter(hasOwn).map((service) => [service, upstreamName(service)]));
}

function routedServices(routes: readonly Route[]): readonly Service[] {
  return [...new Set(routes.map((route) => route.service))].toSorted((left, right) => compareText(serviceTitle(left), serviceTitle(right)));
}

/**
 * A project's name has no dot, so project and service stay distinct and two services never share a name. nginx ignores
 * case in upstream names, so a capital letter becomes `+` and the small letter. S3 has its own prefix: a location of an
 * older structure must not lead to it.
 */
function upstreamName(service: Service): string {
  return `${service.role === 'media' ? 'meet-media' : 'meet'}_${service.project ?? ''}.${service.name.replace(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`)}`;
}

function spaAddresses(instance: Instance, ports: FrontendPorts): Pick<RoutingAddresses, 'spaServers' | 'spaBackups'> {
  if (instance.spa === undefined) return { spaBackups: otherFrontends(instance, ports) };
  const { servers, backups } = serversOf({ replicas: instance.spa });
  return { spaServers: servers, spaBackups: backups };
}

/**
 * The backup servers of the SPA, for the time in which the frontend's own is stopping. A meet.port that collides with a
 * routing port is replaced: two routing servers would pass requests to each other endlessly.
 */
function otherFrontends(instance: Instance, { spa, listen, status }: FrontendPorts): readonly string[] {
  const own = liveEndpoints(ownOf(instance, instance.frontends));
  const live = own.map((endpoint) => endpoint.replace(new RegExp(`:(?:${listen}|${status})$`), `:${spa}`));
  return live.length > 1 ? live : [];
}

function groupLocations(
  routes: readonly Route[],
  backends: readonly Route[],
  upstreams: Upstreams,
  server: typeof serverDefaults,
): RoutingView['groups'] {
  const groups = new Map<string, LocationView[]>();
  for (const route of routes) {
    const title = serviceTitle(route.service);
    const locations = [
      ...withoutSlash(routes, backends, route, upstreams, server),
      location(backends, route.rule, route, upstreams, server),
    ];
    const others = groups.get(title);
    if (others === undefined) groups.set(title, locations);
    else others.push(...locations);
  }
  return [...groups].toSorted(([left], [right]) => compareText(left, right)).map(([title, locations]) => ({ title, locations }));
}

/**
 * Where only `location /x/` proxies, nginx redirects `/x` to `/x/` (ngx_http_core_module, location). So `/x` gets an
 * exact location that leads to the right owner.
 */
function withoutSlash(
  routes: readonly Route[],
  backends: readonly Route[],
  route: Route,
  upstreams: Upstreams,
  server: typeof serverDefaults,
): readonly LocationView[] {
  if (route.rule.kind !== 'below') return [];
  const path = route.rule.path.slice(0, -1);
  if (routesByRule(routes).has(ruleKey({ kind: 'exact', path }))) return [];
  const owner = route.service.role === 'media' ? undefined : routeFor(routes, path);
  return [
    owner === undefined
      ? { kind: 'exact', path, upstream: spaUpstream }
      : location(backends, { kind: 'exact', path }, owner, upstreams, server),
  ];
}

function location(
  backends: readonly Route[],
  rule: Route['rule'],
  { service, named, prefix }: Route,
  upstreams: Upstreams,
  server: typeof serverDefaults,
): LocationView {
  const upstream = upstreams.get(service);
  if (upstream === undefined) return { kind: rule.kind, path: rule.path };
  if (service.role === 'media') return mediaLocation(backends, rule, service, upstream, upstreams);
  const allow = allowedAt(service, rule);
  return {
    kind: rule.kind,
    path: rule.path,
    upstream: atPort(upstream, named?.port),
    ...defined({ allow }),
    ...(isGuarded(service) ? { plainPathsOnly: true } : {}),
    ...settingsFor({ ...service.labels, ...named }, server),
    ...(prefix === undefined ? {} : { prefix, uri: rule.path.slice(prefix.length) || '/' }),
  };
}

/**
 * Only a backend of the own project is asked about files: another service with a longer path below the API must not
 * decide.
 */
function mediaLocation(
  backends: readonly Route[],
  rule: Route['rule'],
  service: Service,
  upstream: string,
  upstreams: Upstreams,
): LocationView {
  const media = mediaAccess(rule, service, plainUpstream(routeFor(backends, mediaAuthPath(rule)), upstreams));
  const place = { kind: rule.kind, path: rule.path };
  return media === undefined ? place : { ...place, upstream, plainPathsOnly: true, media };
}

/**
 * The upstream for nginx's own requests to the backend, which use http and Meet's paths. A route with another protocol
 * or path has no such upstream.
 */
function plainUpstream(route: Route | undefined, upstreams: Upstreams): string | undefined {
  const upstream = route === undefined ? undefined : upstreams.get(route.service);
  const isPlain = route?.prefix === undefined && route?.named?.proto !== 'https';
  return upstream === undefined || !isPlain ? undefined : atPort(upstream, route?.named?.port);
}
