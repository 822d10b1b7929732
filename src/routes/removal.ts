import type { RoutingView } from './view.ts';

/**
 * Whether a server that gets requests under one view gets none any more under the next: that must never wait, since it may
 * be about to end. What is only added can.
 */
export function removesServer(before: RoutingView, after: RoutingView): boolean {
  const kept = endpointsOf(after);
  return [...endpointsOf(before)].some((endpoint) => !kept.has(endpoint));
}

/**
 * Whether somebody comes to stand by who wasn't known yet: who stops the old replicas the moment the new ones are healthy
 * leaves nginx nobody else.
 */
export function addsStandby(before: RoutingView, after: RoutingView): boolean {
  const known = endpointsOf(before);
  return after.upstreams.some(({ name, backups }) => backups.some((backup) => !known.has(`${name} ${backup}`)));
}

function endpointsOf({ upstreams, spa }: RoutingView): ReadonlySet<string> {
  const ofServices = upstreams.flatMap(({ name, servers, spares = [], backups }) =>
    [...servers, ...spares, ...backups].map((server) => `${name} ${server}`),
  );
  return new Set([...ofServices, ...spa.servers, ...spa.backups]);
}
