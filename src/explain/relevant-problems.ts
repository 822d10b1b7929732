import { showUntrustedText } from '../model/untrusted-text.ts';
import type { Instance, Replica } from '../model/instance.ts';
import { routePrefix } from '../model/named-routes.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import type { Facts } from './facts.ts';
import { claims } from './owner.ts';

/** The problems that cost a container its routes or its role. */
const lostCodes: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'bad-role',
  'no-instance',
  'no-service',
  'no-paths',
  'foreign-project-refused',
  'unknown-label',
  'bad-label-value',
]);

/** The facts about an answer that decide which problems concern it. */
export interface AnswerScope {
  readonly path: string;
  /** The containers of the explanation. */
  readonly shown: ReadonlySet<string>;
  readonly owner: string | undefined;
  /** Labels ask for another location than the published one. */
  readonly isOtherwiseWanted: boolean;
  /** Only the SPA or nothing answers, so the intended container may have lost its routes. */
  readonly mayBeLost: boolean;
}

/**
 * The problems that concern a path in an instance: problems of the instance, of the containers shown, and of containers
 * that may be expected there.
 */
export function problemsAbout(instance: Instance, facts: Facts, scope: AnswerScope): readonly Problem[] {
  const elsewhere = namesOf(
    facts.instances.filter((other) => other.instance.name !== instance.name).flatMap((other) => replicasOf(other.instance)),
  );
  const frontends = namesOf(instance.frontends);
  return facts.problems.filter((item) => {
    if (item.instance !== undefined && item.instance !== instance.name) return false;
    // The explanation itself shows which containers answer.
    if (item.code === 'nobody-in-rotation' || item.code === 'unhealthy-in-use') return false;
    if (item.code === 'contested-route') return isContested(instance, item, scope);
    if (item.code === 'route-left-out') return scope.isOtherwiseWanted;
    if (item.container === undefined || item.code === 'no-frontend-running') return true;
    if (scope.shown.has(item.container) || frontends.has(item.container)) return true;
    return scope.mayBeLost && isLoss(item) && !elsewhere.has(item.container);
  });
}

/** Whether the problem can leave a path without a service, paths on a role without paths included. */
function isLoss({ code, key = '' }: Problem): boolean {
  return lostCodes.has(code) || (code === 'label-without-effect' && (key === 'meet.paths' || key.startsWith(routePrefix)));
}

/** Whether the asked path is the contested path. */
function isContested({ services }: Instance, { container = '' }: Problem, { path }: AnswerScope): boolean {
  return services.some((service) => namesOf(service.replicas).has(container) && claims(service, path));
}

function namesOf(replicas: readonly Replica[]): ReadonlySet<string> {
  return new Set(replicas.map(({ container }) => showUntrustedText(container.name)));
}

function replicasOf({ frontends, services }: Instance): readonly Replica[] {
  return [...frontends, ...services.flatMap(({ replicas }) => replicas)];
}
