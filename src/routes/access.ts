import { allowPrefix } from '../model/allow-labels.ts';
import { compareText } from '../model/foreign-text.ts';
import type { Instance, Service } from '../model/instance.ts';
import type { AllowRule } from '../model/label-table.ts';
import type { PathRule } from '../model/nginx-token.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { compareRoutes, routeAbove, routesByRule, routesByService, ruleKey, serviceTitle, showRule } from './ownership.ts';
import type { Route } from './ownership.ts';
import { subnetsOf } from './status-access.ts';

/**
 * The routes, with one of its own for each path that a service's `meet.allow` names below a route of its own. A label whose path
 * the service isn't routed for does nothing, and is a problem: it may be a typing error that leaves a door open.
 */
export function withGuardedPaths(instance: Instance, routes: readonly Route[]): { routes: readonly Route[]; problems: readonly Problem[] } {
  const known = routesByRule(routes);
  const byService = routesByService(routes);
  const added: Route[] = [];
  const problems: Problem[] = [];
  for (const service of instance.services) {
    for (const label of service.labels.allow?.rules ?? []) {
      const missing = label.rules.filter((rule) => !known.has(ruleKey(rule)));
      const owners = missing
        .map((rule) => ({ rule, owner: routeAbove(routes, rule.path) }))
        .filter(({ owner }) => owner?.service === service);
      added.push(...owners.flatMap(({ rule, owner }) => (owner === undefined ? [] : [{ ...owner, rule }])));
      const isAsked =
        owners.length > 0 || (byService.get(service) ?? []).some((route) => label.rules.some((rule) => covers(rule, route.rule)));
      if (!isAsked) problems.push(notRouted(instance, service, label));
    }
  }
  const unique = [...new Map(added.map((route) => [ruleKey(route.rule), route])).values()];
  return { routes: [...routes, ...unique].toSorted(compareRoutes), problems };
}

/** Who alone may reach a location of this service: the longest path that covers it decides. Undefined is everybody, an empty list nobody. */
export function allowedAt({ labels: { allow } }: Service, rule: PathRule): readonly string[] | undefined {
  if (allow === undefined) return undefined;
  if (allow.closesAll) return [];
  const covering = allow.rules.flatMap(({ rules, networks }) => rules.flatMap((one) => (covers(one, rule) ? [{ one, networks }] : [])));
  const [best] = covering.toSorted((left, right) => compareReach(left.one, right.one));
  if (best === undefined) return undefined;
  const same = covering.filter(({ one }) => ruleKey(one) === ruleKey(best.one));
  if (same.some(({ networks }) => networks.length === 0)) return [];
  return [...new Set(same.flatMap(({ networks }) => networks))].toSorted(compareText);
}

/**
 * Whom the clients' addresses are taken from: the outer proxy is somewhere on the networks that the frontends are on, and so is
 * everybody whom we believe what it says. Frontends of other projects don't count.
 */
export function trustedSubnets(instance: Instance): readonly string[] {
  const own = instance.frontends.filter(({ project }) => project === instance.project);
  return [...new Set(own.flatMap(({ container }) => container.networks.flatMap(subnetsOf)))].toSorted(compareText);
}

/** Whether a path of `meet.allow` speaks of the whole of a location. */
function covers(path: PathRule, location: PathRule): boolean {
  return path.kind === 'exact' ? location.kind === 'exact' && location.path === path.path : location.path.startsWith(path.path);
}

/** The narrowest first, as nginx chooses locations. */
function compareReach(left: PathRule, right: PathRule): number {
  return Number(right.kind === 'exact') - Number(left.kind === 'exact') || right.path.length - left.path.length;
}

function notRouted(instance: Instance, service: Service, { name, rules }: AllowRule): Problem {
  return problem('allow-without-route', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: `${allowPrefix}${name}`,
    value: rules.map(showRule).join(','),
    message: `${serviceTitle(service)} is not routed for this path, so there is nothing to guard`,
    cure: 'name a path that the service has, or one below; put the label on the service that has it',
  });
}
