import { compareText } from '../model/foreign-text.ts';
import type { Instance, Service } from '../model/instance.ts';
import type { PathRule } from '../model/nginx-token.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { isMediaRule, mediaRules } from './media.ts';
import { backendPresetRules } from './preset.ts';

/** A path and the service that answers it. */
export interface Route {
  readonly rule: PathRule;
  readonly service: Service;
}

/**
 * Gives every path to one service: the instance's own project before others, then by `project/service`, so that
 * redeploying never changes the owner. The backend's preset is reserved also while no
 * backend exists: the SPA would otherwise answer API calls with HTML and status 200. The paths of files are media's alone,
 * whether there is one or not.
 */
export function assignRoutes(instance: Instance): { routes: readonly Route[]; problems: readonly Problem[] } {
  const owned = new Map<string, Route>();
  const problems: Problem[] = [];
  const missing = (['backend', 'media'] as const)
    .filter((role) => instance.services.every((service) => service.role !== role))
    .map((role) => missingService(instance, role));
  for (const service of [...instance.services.toSorted((left, right) => compareOwners(instance, left, right)), ...missing]) {
    const rules = rulesOf(service);
    if (rules.length === 0) problems.push(noPaths(instance, service));
    if (service.role === 'media' && service.replicas.length > 0 && service.labels.mediaBucket === undefined)
      problems.push(noBucket(instance, service));
    const isTaken = (rule: PathRule): boolean => owned.has(ruleKey(rule)) || (service.role !== 'media' && isMediaRule(rule));
    const lost = rules.filter(isTaken);
    for (const rule of rules) if (!isTaken(rule)) owned.set(ruleKey(rule), { rule, service });
    if (lost.length > 0 && service.replicas.length > 0) problems.push(contested(instance, service, lost, owned));
  }
  return { routes: [...owned.values()].toSorted(compareRoutes), problems };
}

/** Stands for who isn't there. A backend has the name that it will most likely have: its coming changes only the servers. */
function missingService(instance: Instance, role: 'backend' | 'media'): Service {
  return {
    name: role,
    ...(instance.project === undefined ? {} : { project: instance.project }),
    role,
    labels: {},
    replicas: [],
  };
}

/** The route that nginx picks for a path: the exact one, else the longest one above it; undefined is the SPA. */
export function routeFor(routes: readonly Route[], path: string): Route | undefined {
  const exact = routes.find(({ rule }) => rule.kind === 'exact' && rule.path === path);
  if (exact !== undefined) return exact;
  const above = routes.filter(({ rule }) => rule.kind === 'below' && path.startsWith(rule.path));
  return above.toSorted((left, right) => right.rule.path.length - left.rule.path.length)[0];
}

/** `project/service`, or the bare service name of a container started by hand. */
export function serviceTitle(service: Service): string {
  return service.project === undefined ? service.name : `${service.project}/${service.name}`;
}

function rulesOf(service: Service): readonly PathRule[] {
  if (service.role === 'media') return mediaRules;
  const preset = service.role === 'backend' ? backendPresetRules : [];
  const paths = service.labels.paths;
  const rules = paths === undefined ? preset : paths.replacesPreset ? paths.rules : [...preset, ...paths.rules];
  return [...new Map(rules.map((rule) => [ruleKey(rule), rule])).values()];
}

function compareOwners(instance: Instance, left: Service, right: Service): number {
  const foreign = (service: Service): number => (service.project === instance.project ? 0 : 1);
  return foreign(left) - foreign(right) || compareText(serviceTitle(left), serviceTitle(right));
}

function compareRoutes(left: Route, right: Route): number {
  return compareText(left.rule.path, right.rule.path) || compareText(left.rule.kind, right.rule.kind);
}

function ruleKey(rule: PathRule): string {
  return `${rule.kind} ${rule.path}`;
}

function noPaths(instance: Instance, service: Service): Problem {
  return problem('no-paths', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: 'meet.paths',
    message: `the service ${serviceTitle(service)} has no usable meet.paths, so nothing is routed to it`,
    cure: 'set meet.paths, for example /files',
  });
}

function noBucket(instance: Instance, service: Service): Problem {
  return problem('no-bucket', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: 'meet.media.bucket',
    message: `it is not known which bucket of ${serviceTitle(service)} Meet's files are in, so they are answered with 503`,
    cure: "set meet.media.bucket to the backend's AWS_STORAGE_BUCKET_NAME",
  });
}

/** Who has the paths of files, in words. */
const mediaTitle = 'meet.role=media';

function contested(instance: Instance, service: Service, lost: readonly PathRule[], owned: ReadonlyMap<string, Route>): Problem {
  const owners = new Set(
    lost.map((rule) => {
      const owner = owned.get(ruleKey(rule))?.service;
      return owner === undefined || (isMediaRule(rule) && service.role !== 'media') ? mediaTitle : serviceTitle(owner);
    }),
  );
  return problem('contested-route', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: service.role === 'media' ? 'meet.role' : 'meet.paths',
    value: lost.map((rule) => (rule.kind === 'exact' ? `=${rule.path}` : rule.path)).join(','),
    message: `${serviceTitle(service)} asks for paths that ${[...owners].toSorted(compareText).join(' and ')} already has, and doesn't get them`,
    cure: 'give one of the two other paths, or label it meet.instance for another Meet',
  });
}
