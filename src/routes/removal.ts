import type { RoutingView } from './view.ts';

/**
 * Whether a server of one view is missing in the next, or is only a standby there. A removal must never wait, since the
 * server may be about to end; an addition can.
 */
export function removesServer(before: RoutingView, after: RoutingView): boolean {
  const [inRotation, kept] = [serversOf(after), endpointsOf(after)];
  return (
    [...serversOf(before)].some((server) => !inRotation.has(server)) || [...endpointsOf(before)].some((endpoint) => !kept.has(endpoint))
  );
}

/**
 * Whether the next view has a new standby. An operator who stops the old replicas once the new replicas are healthy
 * leaves nginx only the standbys.
 */
export function addsStandby(before: RoutingView, after: RoutingView): boolean {
  const known = endpointsOf(before);
  return after.upstreams.some(({ name, backups }) => backups.some((backup) => !known.has(`${name} ${backup}`)));
}

function endpointsOf(view: RoutingView): ReadonlySet<string> {
  const standbys = view.upstreams.flatMap(({ name, backups }) => backups.map((backup) => `${name} ${backup}`));
  return new Set([...serversOf(view), ...standbys, ...view.spa.backups]);
}

function serversOf({ upstreams, spa }: RoutingView): ReadonlySet<string> {
  const ofServices = upstreams.flatMap(({ name, servers, spares = [] }) => [...servers, ...spares].map((server) => `${name} ${server}`));
  return new Set([...ofServices, ...spa.servers]);
}
