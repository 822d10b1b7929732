import type { Instance, Replica } from '../model/instance.ts';
import type { OwnerReason } from '../model/owner.ts';
import type { Problem } from '../model/problem.ts';
import { showUntrustedText } from '../model/untrusted-text.ts';
import type { Rank } from '../model/rotation.ts';
import type { LiveChange } from './history.ts';
import { ruleKey, serviceTitle, spaTitle } from '../routes/ownership.ts';
import type { Route } from '../routes/ownership.ts';
import { defined, mapDefined } from '../util/defined.ts';

// In: the records, proofs and problems of the process. Out: one snapshot, as JSON and as text.

const maxReasonLength = 500;

/** The state of a container, and the reason for its place in or out of the rotation. */
export interface ReplicaStatus {
  readonly container: string;
  readonly id: string;
  readonly state: string;
  readonly health: string;
  readonly inRotation: boolean;
  /** How good a replica is as an upstream. Only replicas with the best present rank are in rotation. */
  readonly rank: Rank;
  readonly reason: string;
  readonly endpoint?: string;
  readonly network?: string;
  /** The TCP ports that the image or `expose:` names. */
  readonly exposedPorts?: readonly number[];
  /** No program listens at the endpoint. Only `meet-gen status` tries to connect. */
  readonly refusesConnections?: true;
  /** Since when the container has this state, as far as this meet-gen has seen it (ISO 8601). */
  readonly since?: string;
}

/** A frontend and its proof. */
export interface FrontendStatus extends ReplicaStatus {
  /** On another node, whose own meet-gen proves it. */
  readonly elsewhere?: true;
  readonly phase?: string;
  readonly runningGeneration?: string;
  readonly nginxVersion?: string;
  readonly signals?: number;
  readonly proofReason?: string;
}

export interface InstanceStatus {
  readonly name: string;
  /** The compose project that the instance belongs to, and how meet-gen knows; absent without one. */
  readonly owner?: { readonly project: string; readonly reason: OwnerReason };
  readonly file?: string;
  /** The frontends are proven to serve the wanted routes. */
  readonly converged: boolean;
  readonly desiredGeneration?: string;
  readonly publishedGeneration?: string;
  /** nginx is testing the wanted routes, or a part of them; more may follow automatically. */
  readonly onTrial?: true;
  /** The port and hosts that the outer proxy must send requests to; no hosts for any host. */
  readonly entry?: { readonly port: number; readonly hosts: readonly string[] };
  readonly frontends: readonly FrontendStatus[];
  readonly services: readonly { readonly service: string; readonly role: string; readonly replicas: readonly ReplicaStatus[] }[];
  readonly routes: readonly RouteStatus[];
}

/** A path that labels ask for. */
interface RouteStatus {
  readonly path: string;
  readonly kind: 'exact' | 'below';
  readonly service: string;
  /** Not published, since nginx refuses it or hasn't accepted it yet. */
  readonly leftOut?: true;
}

/** The source of the view. Absent from an older meet-gen: name and place. */
export interface EngineStatus {
  /** The value of `--source`. */
  readonly source?: string;
  /** The URL that the source reads. */
  readonly place?: string;
  /** Events arrive. */
  readonly connected: boolean;
  readonly lastSyncAt: string | null;
  readonly error?: string;
  /** Since when the view fails (ISO 8601). */
  readonly failingSince?: string;
}

/** The answer of `/status`. */
export interface StatusSnapshot {
  readonly version: string;
  readonly ready: boolean;
  readonly converged: boolean;
  readonly engine: EngineStatus;
  readonly instances: readonly InstanceStatus[];
  readonly problems: readonly Problem[];
  /** The last changes that went live, the newest first. */
  readonly changes: readonly LiveChange[];
}

/** The fields of a frontend's proof in the status. */
export type FrontendFacts = Pick<FrontendStatus, 'phase' | 'runningGeneration' | 'nginxVersion' | 'signals' | 'proofReason'>;

/** The published routes of an instance. */
interface PublishedStatus {
  readonly file: string;
  readonly generation: string;
  readonly routes: readonly Route[];
  readonly entry?: { readonly port: number; readonly hosts: readonly string[] };
  /** The wanted locations that aren't published, as `ruleKey`s. */
  readonly leftOut?: ReadonlySet<string>;
}

/** The wanted routes of an instance, from labels and templates. */
interface Desired {
  readonly generation?: string;
  /** nginx is testing them, or a part of them. */
  readonly isOnTrial: boolean;
  /** The frontends are proven to serve them. */
  readonly isConverged?: boolean;
}

/** Describes an instance for the status. Untrusted text is made safe to show. */
export function describeInstance(
  instance: Instance,
  published: PublishedStatus | undefined,
  desired: Desired,
  proofs: ReadonlyMap<string, FrontendFacts>,
  sinceOf: (containerId: string) => string | undefined = () => undefined,
): InstanceStatus {
  const describe = (replica: Replica): ReplicaStatus => {
    const since = sinceOf(replica.container.id);
    return { ...describeReplica(replica), ...defined({ since }) };
  };
  return {
    name: instance.name,
    converged: desired.isConverged === true,
    ...(instance.project === undefined || instance.ownerReason === undefined
      ? {}
      : { owner: { project: instance.project, reason: instance.ownerReason } }),
    ...defined({
      file: published?.file,
      publishedGeneration: published?.generation,
      entry: published?.entry,
      desiredGeneration: desired.generation,
    }),
    ...(desired.isOnTrial ? { onTrial: true } : {}),
    frontends: instance.frontends.map((frontend) => ({
      ...describe(frontend),
      ...(frontend.container.isElsewhere === true ? { elsewhere: true } : {}),
      ...showFacts(proofs.get(frontend.container.id)),
    })),
    services: [
      ...(instance.spa === undefined ? [] : [{ service: spaTitle, role: 'frontend', replicas: instance.spa.map(describe) }]),
      ...instance.services.map((service) => ({
        service: serviceTitle(service),
        role: service.role,
        replicas: service.replicas.map(describe),
      })),
    ],
    routes: (published?.routes ?? []).map(({ rule, service }) => ({
      path: rule.path,
      kind: rule.kind,
      service: serviceTitle(service),
      ...(published?.leftOut?.has(ruleKey(rule)) === true ? { leftOut: true } : {}),
    })),
  };
}

/** Makes the reason safe to show: it contains text from the engine or from nginx. */
function showFacts(facts: FrontendFacts | undefined): FrontendFacts {
  if (facts?.proofReason === undefined) return facts ?? {};
  return { ...facts, proofReason: showUntrustedText(facts.proofReason, maxReasonLength) };
}

/** Describes a container: state, address, and the reason for its place in or out of the rotation. */
export function describeReplica(replica: Replica): ReplicaStatus {
  const { container } = replica;
  return {
    container: showUntrustedText(container.name),
    id: showUntrustedText(container.id.slice(0, 12)),
    state: container.state,
    health: container.health,
    inRotation: replica.inRotation,
    rank: replica.standing.rank,
    reason: showUntrustedText(reasonOf(replica), maxReasonLength),
    ...defined({ endpoint: replica.endpoint, network: mapDefined(replica.network, showUntrustedText) }),
    ...(container.exposedTcpPorts.length === 0 ? {} : { exposedPorts: container.exposedTcpPorts }),
  };
}

function reasonOf({ inRotation, standing, endpoint }: Replica): string {
  if (inRotation || standing.rank === 'never') return standing.reason;
  return endpoint === undefined ? `${standing.reason}, but has no usable address` : `${standing.reason}, and others are better`;
}
