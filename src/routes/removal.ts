import type { RoutingView } from './view.ts';

/**
 * Whether a server of one view is missing in the next, or only becomes a standby there. A removal must never wait, since
 * the server may be about to end; an addition can.
 */
export function removesServer(before: RoutingView, after: RoutingView): boolean {
  const kept = endpointsOf(after);
  return [...endpointsOf(before)].some((endpoint) => !kept.has(endpoint)) || demotesServer(before, after);
}

/**
 * Whether servers of an upstream leave the rotation and no other joins it. Two replicas with changing health can swap
 * places without end, so a swap waits.
 */
function demotesServer(before: RoutingView, after: RoutingView): boolean {
  const now = new Map(upstreamsOf(after).map((upstream) => [upstream.name, inRotationOf(upstream)]));
  return upstreamsOf(before).some((upstream) => {
    const [was, is] = [inRotationOf(upstream), now.get(upstream.name) ?? []];
    return was.some((server) => !is.includes(server)) && is.every((server) => was.includes(server));
  });
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
  return new Set(
    upstreamsOf(view).flatMap((upstream) => [...inRotationOf(upstream), ...upstream.backups].map((server) => `${upstream.name} ${server}`)),
  );
}

type Upstream = RoutingView['upstreams'][number];

function upstreamsOf({ upstreams, spa }: RoutingView): readonly Upstream[] {
  return [...upstreams, spa];
}

function inRotationOf({ servers, spares = [] }: Upstream): readonly string[] {
  return [...servers, ...spares];
}
