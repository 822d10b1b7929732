import { showForeignText } from '../model/foreign-text.ts';
import type { Instance, Replica } from '../model/instance.ts';
import { routePrefix } from '../model/named-routes.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import type { Facts } from './facts.ts';
import { claims } from './owner.ts';

/** What costs a container its routes, or keeps it from being seen as what it was meant to be. */
const lostCodes: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'bad-role',
  'no-instance',
  'no-service',
  'no-paths',
  'foreign-project-refused',
  'unknown-label',
  'bad-label-value',
]);

/** What a pick came to, as far as problems are concerned. */
export interface Outcome {
  readonly path: string;
  /** The containers that are told of. */
  readonly shown: ReadonlySet<string>;
  readonly owner: string | undefined;
  /** Labels ask for something else than what is published. */
  readonly isOtherwiseWanted: boolean;
  /** Nobody but the SPA answers, so that who was meant may be lost. */
  readonly mayBeLost: boolean;
}

/** The problems that concern a path in an instance: of the whole, of the containers told of, and of those that may have been meant. */
export function problemsAbout(instance: Instance, facts: Facts, outcome: Outcome): readonly Problem[] {
  const elsewhere = namesOf(
    facts.instances.filter((other) => other.instance.name !== instance.name).flatMap((other) => replicasOf(other.instance)),
  );
  const frontends = namesOf(instance.frontends);
  return facts.problems.filter((item) => {
    if (item.instance !== undefined && item.instance !== instance.name) return false;
    // Who answers is what an explanation tells itself.
    if (item.code === 'nobody-in-rotation' || item.code === 'unhealthy-in-use') return false;
    if (item.code === 'contested-route') return isContested(instance, item, outcome);
    if (item.code === 'route-left-out') return outcome.isOtherwiseWanted;
    if (item.container === undefined || item.code === 'no-frontend-running') return true;
    if (outcome.shown.has(item.container) || frontends.has(item.container)) return true;
    return outcome.mayBeLost && isLoss(item) && !elsewhere.has(item.container);
  });
}

/** Whether it may be why a path has nobody: also where the paths are on a container whose role has none. */
function isLoss({ code, key = '' }: Problem): boolean {
  return lostCodes.has(code) || (code === 'label-without-effect' && (key === 'meet.paths' || key.startsWith(routePrefix)));
}

/** Whether it is this path that a service doesn't get. */
function isContested({ services }: Instance, { container = '' }: Problem, { path }: Outcome): boolean {
  return services.some((service) => namesOf(service.replicas).has(container) && claims(service, path));
}

function namesOf(replicas: readonly Replica[]): ReadonlySet<string> {
  return new Set(replicas.map(({ container }) => showForeignText(container.name)));
}

function replicasOf({ frontends, services }: Instance): readonly Replica[] {
  return [...frontends, ...services.flatMap(({ replicas }) => replicas)];
}
