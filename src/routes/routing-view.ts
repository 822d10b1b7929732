import { compareText } from '../model/foreign-text.ts';
import type { Instance, Replica, Service } from '../model/instance.ts';
import { labelTable } from '../model/label-table.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { mediaAccess, mediaAuthPath } from './media.ts';
import type { MediaAccess } from './media.ts';
import { supportsKeepaliveMinTimeout } from './nginx-version.ts';
import type { NginxVersion } from './nginx-version.ts';
import { assignRoutes, routeFor, serviceTitle } from './ownership.ts';
import type { Route } from './ownership.ts';
import { decideFrontendPorts } from './ports.ts';
import type { FrontendPorts } from './ports.ts';
import { statusSubnets } from './status-access.ts';
import { fillStructure, spaUpstream } from './structure.ts';
import type { RoutingAddresses, RoutingStructure } from './structure.ts';
import { webhookHost, webhooksOf } from './webhooks.ts';
import type { WebhookView } from './webhooks.ts';

/** An upstream block: `servers` are `address:port`, `backups` too; never both empty. */
export interface UpstreamView {
  readonly name: string;
  readonly title: string;
  readonly servers: readonly string[];
  readonly backups: readonly string[];
}

/** A location block. Without an upstream nobody is there to answer: 503. */
export interface LocationView {
  readonly kind: 'exact' | 'below';
  readonly path: string;
  readonly upstream?: string;
  /** Only what differs from the server's own settings. */
  readonly readTimeout?: string;
  readonly connectTimeout?: string;
  readonly bodySize?: string;
  /** Files in S3, for those that the backend lets in. */
  readonly media?: MediaAccess;
}

/** Everything the template prints, decided: the template loops, it does not decide. */
export interface RoutingView {
  readonly instance: string;
  readonly listenPort: number;
  readonly statusPort: number;
  /** Empty for any host. */
  readonly serverNames: readonly string[];
  readonly bodySize: string;
  readonly readTimeout: string;
  readonly connectTimeout: string;
  /** Pass the outer proxy's X-Forwarded-Proto on instead of the hard-coded https. */
  readonly forwardProto: boolean;
  /** How long a reload leaves clients' idle connections open, in nginx's words; absent where an nginx doesn't know that. */
  readonly keepaliveMinTimeout?: string;
  readonly upstreams: readonly UpstreamView[];
  /** The SPA of the same container and the other frontends behind it, or behind a router all of them: there it can be without servers. */
  readonly spa: UpstreamView;
  /** The SPA is in other containers: this nginx is a router. */
  readonly isSpaElsewhere: boolean;
  /** Locations by the service that answers them. */
  readonly groups: readonly { readonly title: string; readonly locations: readonly LocationView[] }[];
  /** Calls from inside, which the status server takes. */
  readonly webhooks: readonly WebhookView[];
  /** The Host that they are passed on with; absent where none is known: 503. */
  readonly webhookHost?: string;
  /** CIDR blocks that may ask the status server. */
  readonly statusSubnets: readonly string[];
}

/** Long enough for a client that is busy, short enough for the frontend's own stop, which waits for it. */
export const keepaliveMinTimeoutMs = 2000;

const serverDefaults = { bodySize: '100M', readTimeout: '300s', connectTimeout: '2s' };

/** nginx's server_names hash takes no longer name with its default bucket of 64 bytes; a longer one stops it. */
const maxServerNameLength = 46;

/** The whole routing of an instance, decided; `view` is the structure with the addresses in it. */
export interface RoutingPlan {
  readonly structure: RoutingStructure;
  readonly addresses: RoutingAddresses;
  readonly view: RoutingView;
  readonly routes: readonly Route[];
  readonly problems: readonly Problem[];
}

/**
 * Decides the whole routing server of an instance.
 * @param versions the nginx versions of its frontends, undefined for one that is not known
 */
export function planRouting(instance: Instance, versions: readonly (NginxVersion | undefined)[]): RoutingPlan {
  const { ports, problems: portProblems } = decideFrontendPorts(instance);
  const { routes, problems: routeProblems } = assignRoutes(instance);
  const server = { ...serverDefaults, bodySize: instance.frontendLabels.bodySize ?? serverDefaults.bodySize };
  const upstreams = upstreamsOf(routes);
  const services = [...upstreams].map(([service, name]) => ({ service, name }));
  const publicHost = webhookHost(instance.frontendLabels);
  const structure: RoutingStructure = {
    instance: instance.name,
    listenPort: ports.listen,
    statusPort: ports.status,
    serverNames: (instance.frontendLabels.hosts ?? []).filter((host) => host.length <= maxServerNameLength),
    ...server,
    forwardProto: instance.frontendLabels.forwardedProto === 'forward',
    ...(supportsKeepaliveMinTimeout(versions) ? { keepaliveMinTimeout: `${keepaliveMinTimeoutMs / 1000}s` } : {}),
    webhooks: webhooksOf(routes, ({ service }) => upstreams.get(service)),
    ...(publicHost === undefined ? {} : { webhookHost: publicHost }),
    spaPort: ports.spa,
    services: services.map(({ service, name }) => ({ name, title: serviceTitle(service) })),
    groups: groupLocations(routes, upstreams, server),
  };
  const addresses: RoutingAddresses = {
    upstreams: new Map(services.map(({ service, name }) => [name, endpointsOf(service)])),
    ...spaAddresses(instance, ports),
    statusSubnets: statusSubnets(instance),
  };
  const view = fillStructure(structure, addresses);
  return { structure, addresses, view, routes, problems: [...portProblems, ...routeProblems, ...longHosts(instance)] };
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
      message: `host names of more than ${maxServerNameLength} characters are left out of server_name, since nginx's default hash can't take them; requests for them are answered all the same`,
      cure: 'nothing is lost; remove the label to be rid of this message',
    }),
  ];
}

/** The endpoints in rotation, in an order that only they decide. */
function liveEndpoints(replicas: readonly Replica[]): readonly string[] {
  const endpoints = replicas.flatMap((replica) => (replica.inRotation && replica.endpoint !== undefined ? [replica.endpoint] : []));
  return [...new Set(endpoints)].toSorted(compareText);
}

/**
 * Replicas that are about to be ready stand by behind those that are: where the old ones are stopped the moment a new one is
 * healthy, nginx has nobody else until it has been reloaded.
 */
function standbyEndpoints(replicas: readonly Replica[]): readonly string[] {
  if (!replicas.some(({ inRotation, standing }) => inRotation && standing.rank === 'ready')) return [];
  const starting = replicas.filter(({ standing }) => standing.rank === 'starting');
  const live = liveEndpoints(replicas);
  const endpoints = starting.flatMap(({ endpoint }) => (endpoint === undefined || live.includes(endpoint) ? [] : [endpoint]));
  return [...new Set(endpoints)].toSorted(compareText);
}

/** The upstream of each service that is routed. */
type Upstreams = ReadonlyMap<Service, string>;

/** The backend that isn't there has none where a service has its name: it would get the backend's requests. Missing media never has. */
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

function endpointsOf({ replicas }: Pick<Service, 'replicas'>): Pick<UpstreamView, 'servers' | 'backups'> {
  return { servers: liveEndpoints(replicas), backups: standbyEndpoints(replicas) };
}

/**
 * A project's name has no dot, so project and service can be told apart and two services never share a name. nginx
 * compares upstream names without regard to case, so a capital letter is written `+` and its small one. S3 has a name that no
 * other service ever had: a location of an older structure must not lead there.
 */
function upstreamName(service: Service): string {
  return `${service.role === 'media' ? 'meet-media' : 'meet'}_${service.project ?? ''}.${service.name.replace(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`)}`;
}

function spaAddresses(instance: Instance, ports: FrontendPorts): Pick<RoutingAddresses, 'spaServers' | 'spaBackups'> {
  if (instance.spa === undefined) return { spaBackups: otherFrontends(instance, ports) };
  const { servers, backups } = endpointsOf({ replicas: instance.spa });
  return { spaServers: servers, spaBackups: backups };
}

/**
 * Where the SPA's requests go only while the frontend's own is stopping. A meet.port that collides is left out for all: two routing
 * servers would pass requests to each other without an end.
 */
function otherFrontends(instance: Instance, { spa, listen, status }: FrontendPorts): readonly string[] {
  const own = liveEndpoints(instance.frontends.filter((frontend) => frontend.project === instance.project));
  const live = own.map((endpoint) => endpoint.replace(new RegExp(`:(?:${listen}|${status})$`), `:${spa}`));
  return live.length > 1 ? live : [];
}

function groupLocations(routes: readonly Route[], upstreams: Upstreams, server: typeof serverDefaults): RoutingView['groups'] {
  const titles = [...new Set(routes.map((route) => serviceTitle(route.service)))].toSorted(compareText);
  return titles.map((title) => ({
    title,
    locations: routes.flatMap((route) =>
      serviceTitle(route.service) === title
        ? [...withoutSlash(routes, route, upstreams, server), location(routes, route.rule, route, upstreams, server)]
        : [],
    ),
  }));
}

/**
 * nginx redirects `/x` to `/x/` of its own accord where only `location /x/` proxies
 * (ngx_http_core_module, location), so `/x` gets a location that sends it where it really belongs.
 */
function withoutSlash(
  routes: readonly Route[],
  route: Route,
  upstreams: Upstreams,
  server: typeof serverDefaults,
): readonly LocationView[] {
  if (route.rule.kind !== 'below') return [];
  const path = route.rule.path.slice(0, -1);
  if (routes.some(({ rule }) => rule.kind === 'exact' && rule.path === path)) return [];
  const owner = route.service.role === 'media' ? undefined : routeFor(routes, path);
  return [
    owner === undefined
      ? { kind: 'exact', path, upstream: spaUpstream }
      : location(routes, { kind: 'exact', path }, owner, upstreams, server),
  ];
}

function location(
  routes: readonly Route[],
  rule: Route['rule'],
  { service }: Route,
  upstreams: Upstreams,
  server: typeof serverDefaults,
): LocationView {
  const upstream = upstreams.get(service);
  if (upstream === undefined) return { kind: rule.kind, path: rule.path };
  if (service.role === 'media') return mediaLocation(routes, rule, service, upstream, upstreams);
  const { readTimeout, connectTimeout, bodySize } = service.labels;
  return {
    kind: rule.kind,
    path: rule.path,
    upstream,
    ...(readTimeout === undefined || readTimeout === server.readTimeout ? {} : { readTimeout }),
    ...(connectTimeout === undefined || connectTimeout === server.connectTimeout ? {} : { connectTimeout }),
    ...(bodySize === undefined || bodySize === server.bodySize ? {} : { bodySize }),
  };
}

/** Only a backend is asked who may have a file: another service with a longer path below the API must not decide that. */
function mediaLocation(
  routes: readonly Route[],
  rule: Route['rule'],
  service: Service,
  upstream: string,
  upstreams: Upstreams,
): LocationView {
  const ofBackends = routes.filter((route) => route.service.role === 'backend');
  const backend = routeFor(ofBackends, mediaAuthPath(rule))?.service;
  const media = mediaAccess(rule, service, backend === undefined ? undefined : upstreams.get(backend));
  return media === undefined ? { kind: rule.kind, path: rule.path } : { kind: rule.kind, path: rule.path, upstream, media };
}
