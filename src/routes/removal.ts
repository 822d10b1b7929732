import type { RoutingView } from './view.ts';

/**
 * Whether a server of one view is missing in the next. A removal must never wait, since the server may be about to end;
 * an addition can.
 */
export function removesServer(before: RoutingView, after: RoutingView): boolean {
  const kept = endpointsOf(after);
  return [...endpointsOf(before)].some((endpoint) => !kept.has(endpoint));
}

/**
 * Whether the next view has a new standby. An operator who stops the old replicas once the new replicas are healthy
 * leaves nginx only the standbys.
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
