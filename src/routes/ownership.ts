import { compareText } from '../model/untrusted-text.ts';
import type { Instance, Service } from '../model/instance.ts';
import { maxRoutes } from '../model/label-limits.ts';
import type { NamedRoute } from '../model/label-table.ts';
import { routePrefix } from '../model/named-routes.ts';
import type { PathRule } from '../nginx/token.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { isMediaRule, mediaRules } from './media.ts';
import { backendPresetRules } from './preset.ts';
import { defined } from '../util/defined.ts';

export interface Route {
  readonly rule: PathRule;
  readonly service: Service;
  /** From `meet.route.<name>.*`; absent for a path of `meet.paths`. */
  readonly named?: NamedRoute;
  /** The prefix that nginx strips before it passes the path on. */
  readonly prefix?: string;
}

/**
 * Assigns every path to one service: the instance's own project first, then by `project/service`, so a redeploy never
 * changes the owner. The backend's preset is reserved even without a backend: the SPA would answer API calls with HTML
 * and status 200. The paths of files are reserved for media, with or without a media container.
 */
export function assignRoutes(instance: Instance): { routes: readonly Route[]; problems: readonly Problem[] } {
  const owned = new Map<string, Route>();
  const problems: Problem[] = [];
  const leftOut: { readonly service: Service; readonly count: number }[] = [];
  let guarded = 0;
  const missing = (['backend', 'media'] as const)
    .filter((role) => instance.services.every((service) => service.role !== role))
    .map((role) => missingService(instance, role));
  for (const service of [...instance.services.toSorted((left, right) => compareOwners(instance, left, right)), ...missing]) {
    const { asked, twice } = routesOf(service);
    if (asked.length === 0) problems.push(noPaths(instance, service));
    if (service.replicas.length > 0) problems.push(...twice.map((route) => askedTwice(instance, route)));
    if (service.role === 'media' && service.replicas.length > 0 && service.labels.mediaBucket === undefined)
      problems.push(noBucket(instance, service));
    const isTaken = ({ rule }: Route): boolean => owned.has(ruleKey(rule)) || (service.role !== 'media' && isMediaRule(rule));
    const lost = asked.filter(isTaken);
    const free = asked.filter((route) => !isTaken(route));
    // Each path of a guard can become a location.
    const guards = (service.labels.allow?.rules ?? []).reduce((sum, { rules }) => sum + rules.length, 0);
    const room = service.replicas.length > 0 ? Math.max(0, maxRoutes - owned.size - guarded - guards) : free.length;
    for (const route of free.slice(0, room)) owned.set(ruleKey(route.rule), route);
    if (room > 0) guarded += guards;
    if (free.length > room) leftOut.push({ service, count: free.length - room });
    if (lost.length > 0 && service.replicas.length > 0) problems.push(contested(instance, service, lost, owned));
  }
  if (leftOut.length > 0) problems.push(tooManyRoutes(instance, leftOut));
  return { routes: [...owned.values()].toSorted(compareRoutes), problems };
}

/** Stands in for a missing service. A backend gets its most likely name, so its start changes only the servers. */
function missingService(instance: Instance, role: 'backend' | 'media'): Service {
  return {
    name: role,
    ...defined({ project: instance.project }),
    role,
    labels: {},
    replicas: [],
  };
}

/** The routes of the instance's own backends: no other container decides about files or gets internal calls. */
export function ownBackendRoutes(routes: readonly Route[], instance: Instance): readonly Route[] {
  return routes.filter(({ service }) => service.role === 'backend' && service.project === instance.project);
}

const indexes = new WeakMap<readonly Route[], ReadonlyMap<string, Route>>();

/**
 * Routes by their `ruleKey`. The index is built once per list object, since an instance can have thousands of routes.
 */
export function routesByRule(routes: readonly Route[]): ReadonlyMap<string, Route> {
  const index = indexes.get(routes) ?? new Map(routes.map((route) => [ruleKey(route.rule), route]));
  indexes.set(routes, index);
  return index;
}

/** The route that nginx picks for a path: the exact route, else the longest prefix; undefined is the SPA. */
export function routeFor(routes: readonly Route[], path: string): Route | undefined {
  return routesByRule(routes).get(ruleKey({ kind: 'exact', path })) ?? routeAbove(routes, path);
}

/** The longest prefix route for a path. Prefixes end in a slash, so only the parts up to a slash are tried. */
export function routeAbove(routes: readonly Route[], path: string): Route | undefined {
  const index = routesByRule(routes);
  const ends = [...path.matchAll(/\//g)].map(({ index: at }) => at + 1).toReversed();
  const above = ends.map((end) => index.get(ruleKey({ kind: 'below', path: path.slice(0, end) })));
  return above.find((route) => route !== undefined);
}

export function routesByService(routes: readonly Route[]): ReadonlyMap<Service, readonly Route[]> {
  const byService = new Map<Service, Route[]>();
  for (const route of routes) {
    const others = byService.get(route.service);
    if (others === undefined) byService.set(route.service, [route]);
    else others.push(route);
  }
  return byService;
}

/** The title of the SPA beside the titles of services. */
export const spaTitle = 'SPA';

/** `project/service`, or the bare service name of a container started by hand. */
export function serviceTitle(service: Service): string {
  return service.project === undefined ? service.name : `${service.project}/${service.name}`;
}

/**
 * The routes that a service asks for, named routes first. If two named routes have the same path, the first by name
 * holds.
 */
function routesOf(service: Service): { readonly asked: readonly Route[]; readonly twice: readonly Route[] } {
  const named = (service.labels.routes ?? []).flatMap((route) => route.path.map((rule) => namedRoute(rule, service, route)));
  const asked = new Map<string, Route>();
  const twice: Route[] = [];
  for (const route of named) {
    if (asked.has(ruleKey(route.rule))) twice.push(route);
    else asked.set(ruleKey(route.rule), route);
  }
  for (const rule of pathsOf(service)) if (!asked.has(ruleKey(rule))) asked.set(ruleKey(rule), { rule, service });
  return { asked: [...asked.values()], twice };
}

/** The paths that a service asks for, including paths that another service gets. */
export function rulesOf(service: Service): readonly PathRule[] {
  return routesOf(service).asked.map(({ rule }) => rule);
}

function namedRoute(rule: PathRule, service: Service, named: NamedRoute): Route {
  const prefix = rule.path.replace(/\/$/, '');
  return { rule, service, named, ...(named.strip === true && prefix !== '' ? { prefix } : {}) };
}

function pathsOf({ role, labels: { paths } }: Service): readonly PathRule[] {
  if (role === 'media') return mediaRules;
  const preset = role === 'backend' ? backendPresetRules : [];
  return paths === undefined ? preset : paths.replacesPreset ? paths.rules : [...preset, ...paths.rules];
}

function compareOwners(instance: Instance, left: Service, right: Service): number {
  const foreign = (service: Service): number => (service.project === instance.project ? 0 : 1);
  return foreign(left) - foreign(right) || compareText(serviceTitle(left), serviceTitle(right));
}

export function compareRoutes(left: Route, right: Route): number {
  return compareText(left.rule.path, right.rule.path) || compareText(left.rule.kind, right.rule.kind);
}

/**
 * The identity of a path, and of a location in a structure: nginx refuses two locations with the same path and kind.
 */
export function ruleKey(rule: Pick<PathRule, 'kind' | 'path'>): string {
  return `${rule.kind} ${rule.path}`;
}

function noPaths(instance: Instance, service: Service): Problem {
  return problem('no-paths', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: 'meet.paths',
    message: `the service ${serviceTitle(service)} has no usable meet.paths and no usable meet.route, so nothing is routed to it`,
    cure: 'set meet.paths, for example /files',
  });
}

function tooManyRoutes(instance: Instance, left: readonly { readonly service: Service; readonly count: number }[]): Problem {
  const paths = left.reduce((sum, { count }) => sum + count, 0);
  const title = left[0] === undefined ? '' : serviceTitle(left[0].service);
  return problem('too-many-routes', {
    instance: instance.name,
    container: left[0]?.service.replicas[0]?.container.name,
    message: `the services of the instance ask for more than ${maxRoutes} paths, so ${paths} paths of ${left.length} services from ${title} on are left out`,
    cure: 'check which project asks for so many paths; --strict-instance leaves out the routes of other projects',
  });
}

function askedTwice(instance: Instance, { rule, service, named }: Route): Problem {
  return problem('contested-route', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: `${routePrefix}${named?.name ?? ''}.path`,
    value: showRule(rule),
    message: `another named route of ${serviceTitle(service)} has the same path and keeps it, so this route is left out`,
    cure: 'give one of the two another path',
  });
}

function noBucket(instance: Instance, service: Service): Problem {
  return problem('no-bucket', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: 'meet.media.bucket',
    message: `the bucket of ${serviceTitle(service)} with Meet's files is unknown, so requests for files get 503`,
    cure: "set meet.media.bucket to the backend's AWS_STORAGE_BUCKET_NAME",
  });
}

/** The owner of the paths of files, in words. */
const mediaTitle = 'meet.role=media';

function contested(instance: Instance, service: Service, lost: readonly Route[], owned: ReadonlyMap<string, Route>): Problem {
  const owners = new Set(
    lost.map(({ rule }) => {
      const owner = owned.get(ruleKey(rule))?.service;
      return owner === undefined || (isMediaRule(rule) && service.role !== 'media') ? mediaTitle : serviceTitle(owner);
    }),
  );
  const usualKey = service.role === 'media' ? 'meet.role' : 'meet.paths';
  const keys = new Set(lost.map(({ named }) => (named === undefined ? usualKey : `${routePrefix}${named.name}.path`)));
  return problem('contested-route', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: [...keys].join(', '),
    value: lost.map(({ rule }) => showRule(rule)).join(','),
    message: `${serviceTitle(service)} asks for paths that belong to ${[...owners].toSorted(compareText).join(' and ')}, so it doesn't get them`,
    cure: 'give one of the two services other paths, or set its meet.instance to another Meet',
  });
}

/** `/x`, or `=/x` for exactly that. */
export function showRule({ kind, path }: PathRule): string {
  return kind === 'exact' ? `=${path}` : path;
}
