import { spaTitle } from '../routes/ownership.ts';
import { howLong, isServed, placeOf, servesOf, stateOf, whyOf } from '../status/headline.ts';
import type { FrontendStatus, InstanceStatus, ReplicaStatus } from '../status/snapshot.ts';
import { routesByService } from '../status/route-lines.ts';
import { defined } from '../util/defined.ts';
import { moodOfFrontend, moodOfReplica } from './mood.ts';
import type { Mood } from './mood.ts';
import { elementId } from './words.ts';

/** An instance in the layers that a request passes: outer proxy, frontends, routes, upstreams. */
export interface MeetView {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly mood: Mood;
  readonly hosts: string;
  readonly port?: number;
  readonly frontends: readonly ContainerView[];
  readonly services: readonly ServiceView[];
  /** The frontends serve the SPA themselves. */
  readonly hasOwnSpa: boolean;
  readonly configuration?: { readonly title: string; readonly text: string };
}

interface ServiceView {
  readonly id: string;
  readonly name: string;
  readonly routes: readonly { readonly path: string; readonly isLeftOut: boolean }[];
  readonly isDeserted: boolean;
  readonly groups: readonly ReplicaGroup[];
}

/** A longer group of replicas is folded, and shows its number. */
interface ReplicaGroup {
  readonly id: string;
  readonly title: string;
  readonly isFolded: boolean;
  readonly replicas: readonly ContainerView[];
}

interface ContainerView {
  readonly id: string;
  readonly name: string;
  readonly tag: string;
  readonly mood: Mood;
  readonly place?: string;
  readonly why: string;
  readonly serves?: string;
}

const mostUnfolded = 12;

/**
 * @param deserted the services that no replica is in rotation for
 * @param configuration the content of the published file
 */
export function viewMeet(
  instance: InstanceStatus,
  deserted: readonly string[],
  configuration: string | undefined,
  nowMs: number,
): MeetView {
  const { name, frontends, services, publishedGeneration, entry } = instance;
  const state = stateOf(instance);
  const routes = routesByService(instance);
  return {
    id: elementId('meet', name),
    name,
    state,
    mood: state === 'live' ? 'good' : 'care',
    hosts: entry === undefined || entry.hosts.length === 0 ? 'any host' : entry.hosts.join(', '),
    ...defined({ port: entry?.port }),
    frontends: frontends.map((frontend) => viewFrontend(frontend, publishedGeneration, nowMs)),
    services: services.map(({ service, replicas }) => {
      const id = elementId('service', name, service);
      return {
        id,
        name: service,
        routes: service === spaTitle ? [{ path: 'everything else', isLeftOut: false }] : (routes.get(service) ?? []),
        isDeserted: deserted.includes(service),
        groups: groupReplicas(id, replicas, nowMs),
      };
    }),
    hasOwnSpa: !services.some(({ service }) => service === spaTitle),
    ...(configuration === undefined ? {} : { configuration: { title: titleOf(instance), text: configuration } }),
  };
}

function titleOf(instance: InstanceStatus): string {
  const { publishedGeneration = '' } = instance;
  return isServed(instance)
    ? `The served configuration (generation ${publishedGeneration})`
    : `The published configuration (generation ${publishedGeneration}); not every frontend is proven to serve it`;
}

function viewFrontend(frontend: FrontendStatus, published: string | undefined, nowMs: number): ContainerView {
  return {
    id: elementId('frontend', frontend.id),
    name: frontend.container,
    tag: frontend.elsewhere === true ? 'on another node' : (frontend.phase ?? frontend.state),
    mood: moodOfFrontend(frontend, published),
    why: `${whyOf(frontend)}${howLong(frontend.since, nowMs)}`,
    serves: servesOf(frontend, published),
  };
}

function viewReplica(replica: ReplicaStatus, nowMs: number): ContainerView {
  return {
    id: elementId('container', replica.id),
    name: replica.container,
    tag: replica.inRotation ? 'in rotation' : 'out',
    mood: moodOfReplica(replica),
    place: placeOf(replica),
    why: `${whyOf(replica)}${howLong(replica.since, nowMs)}`,
  };
}

function groupReplicas(id: string, replicas: readonly ReplicaStatus[], nowMs: number): readonly ReplicaGroup[] {
  return ([true, false] as const).flatMap((isIn) => {
    const members = replicas.filter(({ inRotation }) => inRotation === isIn);
    if (members.length === 0) return [];
    return {
      id: elementId(id, isIn ? 'in' : 'out'),
      title: `${members.length} ${isIn ? 'in rotation' : 'out'}`,
      isFolded: members.length > mostUnfolded,
      replicas: members.map((member) => viewReplica(member, nowMs)),
    };
  });
}
