import { showUntrustedText } from '../model/untrusted-text.ts';
import { addressIn } from '../model/endpoint.ts';
import type { Instance, Replica, Service } from '../model/instance.ts';
import { serviceTitle, spaTitle } from '../routes/ownership.ts';
import type { RoutingView, UpstreamView } from '../routes/view.ts';
import { describeReplica } from '../status/snapshot.ts';
import type { ContainerAnswer, Place } from './explanation.ts';
import { claims, servicesCalled } from './owner.ts';
import { defined } from '../util/defined.ts';

/** The containers of the service that owns the path, then those of other services that could be expected to answer. */
export function containersFor(
  instance: Instance,
  owner: string,
  upstream: UpstreamView | undefined,
  path: string,
): readonly ContainerAnswer[] {
  const own = servicesCalled(instance, owner);
  const isOfItsKind = (service: Service): boolean =>
    claims(service, path) || own.some(({ role }) => role === 'backend' && role === service.role);
  const others = instance.services.filter((service) => !own.includes(service) && isOfItsKind(service));
  return [
    ...own.flatMap((service) => service.replicas.map((replica) => describe(service, replica, upstream))),
    ...others.flatMap((service) => service.replicas.map((replica) => describeOther(service, replica, path, owner))),
  ];
}

/** The frontends as containers of the SPA. Each serves its own SPA unless the file names servers. */
export function frontendsAsSpa(instance: Instance, { spa, isSpaElsewhere }: RoutingView): readonly ContainerAnswer[] {
  return (instance.spa ?? instance.frontends).map((replica) => ({
    ...describeReplica(replica),
    reason: showUntrustedText(replica.standing.reason),
    service: spaTitle,
    place: isSpaElsewhere ? placeOf(replica, spa).place : replica.standing.rank === 'never' ? 'out' : 'answers',
  }));
}

function describe(service: Service, replica: Replica, upstream: UpstreamView | undefined): ContainerAnswer {
  const { place, endpoint } = placeOf(replica, upstream);
  const described = describeReplica(replica);
  return {
    ...described,
    ...defined({ endpoint }),
    service: serviceTitle(service),
    place,
    reason: `${described.reason}${isBucketUnknown(service) ? ', but its bucket is unknown' : timing(replica.inRotation, place)}`,
  };
}

/** Without a bucket nginx never asks the S3 storage. */
function isBucketUnknown({ role, labels }: Service): boolean {
  return role === 'media' && labels.mediaBucket === undefined;
}

/** The published file can be a moment behind the decision. */
function timing(inRotation: boolean, place: Place): string {
  if (inRotation && place !== 'answers') return ', but not in the published file yet';
  return !inRotation && place === 'answers' ? ', but still in the published file' : '';
}

/**
 * The endpoint for the path on the replica, perhaps at the route's own port, and the replica's place in the upstream.
 */
function placeOf({ endpoint }: Replica, upstream: UpstreamView | undefined): { readonly place: Place; readonly endpoint?: string } {
  if (endpoint === undefined || upstream === undefined) return { place: 'out' };
  const standingBy = [...(upstream.spares ?? []), ...upstream.backups];
  const all = [...upstream.servers, ...standingBy];
  const listed = all.find((one) => one === endpoint) ?? all.find((one) => addressIn(one) === addressIn(endpoint));
  if (listed === undefined) return { place: 'out' };
  return { place: standingBy.includes(listed) ? 'stands-by' : 'answers', endpoint: listed };
}

function describeOther(service: Service, replica: Replica, path: string, owner: string): ContainerAnswer {
  const title = serviceTitle(service);
  const why = claims(service, path)
    ? `belongs to ${title}, which also asks for this path, but ${owner} has it`
    : `belongs to ${title}, which has other paths`;
  return { ...describeReplica(replica), service: title, place: 'out', reason: why };
}
