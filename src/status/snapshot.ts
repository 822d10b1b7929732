import type { Instance, Replica } from '../model/instance.ts';
import type { OwnerReason } from '../model/owner.ts';
import type { Problem } from '../model/problem.ts';
import { showForeignText } from '../model/foreign-text.ts';
import type { Rank } from '../model/rotation.ts';
import type { LiveChange } from './history.ts';
import { ruleKey, serviceTitle, spaTitle } from '../routes/ownership.ts';
import type { Route } from '../routes/ownership.ts';
import { defined, mapDefined } from '../util/defined.ts';

const maxReasonLength = 500;

/** One container, for a person who asks why it is or isn't in rotation. */
export interface ReplicaStatus {
  readonly container: string;
  readonly id: string;
  readonly state: string;
  readonly health: string;
  readonly inRotation: boolean;
  /** How good it is as an upstream; only the best rank that anybody has is in rotation. */
  readonly rank: Rank;
  readonly reason: string;
  readonly endpoint?: string;
  readonly network?: string;
  /** The TCP ports that its image or its `expose` names. */
  readonly exposedPorts?: readonly number[];
  /** Nothing listens at its endpoint; `meet-gen status` alone tries that. */
  readonly refusesConnections?: true;
  /** Since when it is so, as far as this meet-gen has seen it (ISO 8601). */
  readonly since?: string;
}

/** One frontend, and which configuration it was seen to serve. */
export interface FrontendStatus extends ReplicaStatus {
  readonly phase?: string;
  readonly runningGeneration?: string;
  readonly nginxVersion?: string;
  readonly signals?: number;
  readonly proofReason?: string;
}

export interface InstanceStatus {
  readonly name: string;
  /** The compose project that it belongs to, and how that is known; absent where it is of none. */
  readonly owner?: { readonly project: string; readonly reason: OwnerReason };
  readonly file?: string;
  /** Its frontends are proven to serve what labels ask for. */
  readonly converged: boolean;
  readonly desiredGeneration?: string;
  readonly publishedGeneration?: string;
  /** nginx is being asked whether it takes what labels ask for, or a part of it: there is more to come by itself. */
  readonly onTrial?: true;
  /** Where the outer proxy is to send requests, and for which hosts; none for any. */
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
  /** It is not published, since nginx refuses it, or is not known to take it. */
  readonly leftOut?: true;
}

/** What `/status` answers. */
export interface StatusSnapshot {
  readonly version: string;
  readonly ready: boolean;
  readonly converged: boolean;
  readonly engine: { readonly connected: boolean; readonly lastSyncAt: string | null; readonly error?: string };
  readonly instances: readonly InstanceStatus[];
  readonly problems: readonly Problem[];
  /** The last that went live, the newest first. */
  readonly changes: readonly LiveChange[];
}

/** What is known of a frontend's proof, in the words of this report. */
export type FrontendFacts = Pick<FrontendStatus, 'phase' | 'runningGeneration' | 'nginxVersion' | 'signals' | 'proofReason'>;

/** What has been published for an instance. */
interface PublishedStatus {
  readonly file: string;
  readonly generation: string;
  readonly routes: readonly Route[];
  readonly entry?: { readonly port: number; readonly hosts: readonly string[] };
  /** What labels ask for and is not published, as `ruleKey`s. */
  readonly leftOut?: ReadonlySet<string>;
}

/** What labels and templates ask for. */
interface Desired {
  readonly generation?: string;
  /** nginx is being asked whether it takes it, or a part of it. */
  readonly isOnTrial: boolean;
  /** The frontends are proven to serve it. */
  readonly isConverged?: boolean;
}

/** Puts an instance into the report; all foreign text is made safe to show. */
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
    frontends: instance.frontends.map((frontend) => ({ ...describe(frontend), ...showFacts(proofs.get(frontend.container.id)) })),
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

/** Why a frontend does not answer, or a signal failed, is told in the words of others. */
function showFacts(facts: FrontendFacts | undefined): FrontendFacts {
  if (facts?.proofReason === undefined) return facts ?? {};
  return { ...facts, proofReason: showForeignText(facts.proofReason, maxReasonLength) };
}

/** Puts a container into words: state, address, and why it is in rotation or not. */
export function describeReplica(replica: Replica): ReplicaStatus {
  const { container } = replica;
  return {
    container: showForeignText(container.name),
    id: showForeignText(container.id.slice(0, 12)),
    state: container.state,
    health: container.health,
    inRotation: replica.inRotation,
    rank: replica.standing.rank,
    reason: showForeignText(reasonOf(replica), maxReasonLength),
    ...defined({ endpoint: replica.endpoint, network: mapDefined(replica.network, showForeignText) }),
    ...(container.exposedTcpPorts.length === 0 ? {} : { exposedPorts: container.exposedTcpPorts }),
  };
}

function reasonOf({ inRotation, standing, endpoint }: Replica): string {
  if (inRotation || standing.rank === 'never') return standing.reason;
  return endpoint === undefined ? `${standing.reason}, but has no usable address` : `${standing.reason}, and others are better`;
}
