import { usesHostNetwork } from '../model/address.ts';
import { allowPrefix } from '../model/allow-labels.ts';
import { compareText } from '../model/untrusted-text.ts';
import { allowedBy, covers } from '../model/guards.ts';
import { ownOf } from '../model/in-rotation.ts';
import type { Instance, Service } from '../model/instance.ts';
import type { AllowRule } from '../model/label-table.ts';
import type { PathRule } from '../nginx/token.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { compareRoutes, routeAbove, routesByRule, routesByService, ruleKey, serviceTitle, showRule } from './ownership.ts';
import type { Route } from './ownership.ts';
import { subnetsOf } from './status-access.ts';

/**
 * Adds a route for each path of `meet.allow` below a route of the same service. A label without such a route guards
 * nothing and is a problem: a typing error could leave a path open.
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

/**
 * Whether a service has guarded paths. All its locations then take plain paths only: the service could read another
 * path as a guarded path.
 */
export function isGuarded({ labels: { allow } }: Service): boolean {
  return allow !== undefined;
}

/**
 * The networks that may reach a location of the service. Undefined allows all networks, an empty list allows no
 * network.
 */
export function allowedAt({ labels: { allow } }: Service, rule: PathRule): readonly string[] | undefined {
  return allow === undefined ? undefined : allowedBy(allow, rule);
}

/**
 * The subnets from which nginx accepts X-Forwarded-For: those of the frontends' networks, where the outer proxy is. In
 * host mode that is the host itself. Frontends of other projects don't count. Other containers on these networks can
 * set a client's address too.
 */
export function trustedSubnets(instance: Instance): readonly string[] {
  const own = ownOf(instance, instance.frontends);
  const subnets = own.flatMap(({ container }) => (usesHostNetwork(container) ? hostItself : container.networks.flatMap(subnetsOf)));
  return [...new Set(subnets)].toSorted(compareText);
}

const hostItself = ['127.0.0.0/8'];

function notRouted(instance: Instance, service: Service, { name, rules }: AllowRule): Problem {
  return problem('allow-without-route', {
    instance: instance.name,
    container: service.replicas[0]?.container.name,
    key: `${allowPrefix}${name}`,
    value: rules.map(showRule).join(','),
    message: `${serviceTitle(service)} has no route for this path, so the label guards nothing`,
    cure: 'use a path of this service or below one, or put the label on the service that has the path',
  });
}
