import type { Instance, Replica } from '../model/instance.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { serviceTitle, spaTitle } from './ownership.ts';
import type { Route } from './ownership.ts';

/**
 * What visitors notice of who answers for the routed services: nobody, or nobody but those whose health check fails. It names the
 * service and not its containers, so that it stays the same problem while they are recreated.
 */
export function rotationProblems(instance: Instance, routes: readonly Route[]): readonly Problem[] {
  const services = new Set(routes.map(({ service }) => service));
  const spa = instance.spa === undefined || instance.spa.length === 0 ? [] : [judge(instance, spaTitle, instance.spa)];
  // A Meet without recordings has no media.
  const routed = [...services].filter(({ role, replicas }) => role !== 'media' || replicas.length > 0);
  return [...spa, ...routed.map((service) => judge(instance, serviceTitle(service), service.replicas))].flatMap((found) => found ?? []);
}

function judge({ name }: Instance, title: string, replicas: readonly Replica[]): Problem | undefined {
  const about = { instance: name, key: 'service', value: title };
  const inRotation = replicas.filter((replica) => replica.inRotation);
  if (inRotation.length === 0) {
    return problem('nobody-in-rotation', {
      ...about,
      message: `no container of ${title} is in rotation, so requests for it are answered with 503`,
      cure:
        replicas.length === 0
          ? 'start one, or correct its meet.role and meet.instance'
          : 'start one; meet-gen status says of each container why it gets no requests',
    });
  }
  if (inRotation.some(({ standing }) => standing.rank !== 'unhealthy')) return undefined;
  return problem('unhealthy-in-use', {
    ...about,
    message: `no container of ${title} is any better than unhealthy, so requests go to those whose health check fails`,
    cure: 'see what the health check says (docker inspect), and the log of the container',
  });
}
