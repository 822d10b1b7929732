import { loopback } from '../model/address.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { ProbeAnswer, ProbeTarget } from '../probe/probe.ts';
import type { InstanceStatus, ReplicaStatus, StatusSnapshot } from './snapshot.ts';

const timeoutMs = 500;
/** More would take long, and tell a person nothing new. */
const mostChecked = 200;

/**
 * Tries a connection to each replica that is ready and in rotation, once, and adds who refuses it to the view. An address that can't be
 * reached from here says nothing: nginx is on other networks.
 */
export async function addConnections(
  snapshot: StatusSnapshot,
  probe: (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeAnswer>,
): Promise<StatusSnapshot> {
  const endpoints = [
    ...new Set(snapshot.instances.flatMap(({ services }) => services.flatMap(({ replicas }) => replicas.flatMap(toCheck)))),
  ];
  const signal = AbortSignal.timeout(timeoutMs);
  const answers = await Promise.all(
    endpoints.slice(0, mostChecked).map(async (endpoint) => {
      const { answer } = await probe({ containerId: '', endpoint, health: { by: 'tcp' } }, signal);
      return answer === 'not-ready' ? [endpoint] : [];
    }),
  );
  return withRefusals(snapshot, new Set(answers.flat()));
}

function withRefusals(snapshot: StatusSnapshot, refusing: ReadonlySet<string>): StatusSnapshot {
  if (refusing.size === 0) return snapshot;
  const isRefusing = (replica: ReplicaStatus): boolean => toCheck(replica).some((endpoint) => refusing.has(endpoint));
  const mark = (replica: ReplicaStatus): ReplicaStatus => (isRefusing(replica) ? { ...replica, refusesConnections: true } : replica);
  const instances = snapshot.instances.map((instance) => ({
    ...instance,
    services: instance.services.map((service) => ({ ...service, replicas: service.replicas.map(mark) })),
  }));
  return { ...snapshot, instances, problems: [...snapshot.problems, ...instances.flatMap(refusalsIn)] };
}

/** The host's loopback address is another one than ours. */
function toCheck({ inRotation, rank, endpoint, network }: ReplicaStatus): readonly string[] {
  return inRotation && (rank === 'ready' || rank === 'draining') && endpoint !== undefined && network !== loopback.name ? [endpoint] : [];
}

function refusalsIn({ name, services }: InstanceStatus): readonly Problem[] {
  return services.flatMap(({ replicas }) =>
    replicas.filter(({ refusesConnections }) => refusesConnections === true).map((replica) => refusal(name, replica)),
  );
}

function refusal(instance: string, { container, endpoint = '', exposedPorts = [] }: ReplicaStatus): Problem {
  const port = Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
  const others = exposedPorts.filter((exposed) => exposed !== port);
  const exposes = exposedPorts.length === 0 ? 'it exposes no port' : `it exposes ${exposedPorts.join(', ')}`;
  return problem('connection-refused', {
    instance,
    container,
    message: `${container} is in rotation, but refuses connections at ${endpoint}; ${exposes}`,
    cure:
      exposedPorts.includes(port) || others.length === 0
        ? `see in its log (docker logs ${container}) why nothing listens on port ${port}, or set meet.port to the port that it listens on`
        : `set meet.port=${others[0]}, or to the port that it listens on`,
  });
}
