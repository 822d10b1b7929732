import type { Instance, Replica } from '../model/instance.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { serviceTitle, spaTitle } from './ownership.ts';
import type { Route } from './ownership.ts';

/**
 * The problems of routed services without a replica in rotation, or with unhealthy ones only. They name the service,
 * not its containers, so a problem stays the same while containers are recreated.
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
      message: `no container of ${title} is in rotation, so its requests get 503`,
      cure:
        replicas.length === 0
          ? 'start a container, or correct its meet.role and meet.instance'
          : 'start a container; meet-gen status shows why each container is out of rotation',
    });
  }
  if (inRotation.some(({ standing }) => standing.rank !== 'unhealthy')) return undefined;
  return problem('unhealthy-in-use', {
    ...about,
    message: `all usable containers of ${title} are unhealthy, so requests go to containers whose health check fails`,
    cure: 'read the output of the health check (docker inspect), and the log of the container',
  });
}
