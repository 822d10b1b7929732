import { loopback } from '../model/address.ts';
import { judgePort } from '../model/port-trial.ts';
import type { PortAnswer } from '../model/port-trial.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { InstanceStatus, ReplicaStatus, StatusSnapshot } from './snapshot.ts';

/** More would take long and show nothing new. */
const mostChecked = 200;

/**
 * Tries a connection to each replica that is ready and in rotation, once, and marks the replicas that refuse it.
 * @param tryPort connects to `address:port`
 */
export async function addConnections(
  snapshot: StatusSnapshot,
  tryPort: (endpoint: string) => Promise<PortAnswer>,
): Promise<StatusSnapshot> {
  const endpoints = new Set(snapshot.instances.flatMap(({ services }) => services.flatMap(({ replicas }) => replicas.flatMap(toCheck))));
  const answers = await Promise.all(
    [...endpoints].slice(0, mostChecked).map(async (endpoint) => [endpoint, await tryPort(endpoint)] as const),
  );
  const refusing = new Set(answers.flatMap(([endpoint, { kind }]) => (kind === 'refused' ? endpoint : [])));
  if (refusing.size === 0) return snapshot;
  const isRefusing = (replica: ReplicaStatus): boolean => toCheck(replica).some((endpoint) => refusing.has(endpoint));
  const mark = (replica: ReplicaStatus): ReplicaStatus => (isRefusing(replica) ? { ...replica, refusesConnections: true } : replica);
  const instances = snapshot.instances.map((instance) => ({
    ...instance,
    services: instance.services.map((service) => ({ ...service, replicas: service.replicas.map(mark) })),
  }));
  return { ...snapshot, instances, problems: [...snapshot.problems, ...instances.flatMap(refusalsIn)] };
}

/** The host's loopback address isn't the container's own. */
function toCheck({ inRotation, rank, endpoint, network }: ReplicaStatus): readonly string[] {
  return inRotation && (rank === 'ready' || rank === 'draining') && endpoint !== undefined && network !== loopback.name ? [endpoint] : [];
}

function refusalsIn({ name: instance, services }: InstanceStatus): readonly Problem[] {
  return services.flatMap(({ replicas }) =>
    replicas.flatMap(({ container, endpoint, exposedPorts, refusesConnections }) => {
      if (refusesConnections !== true || endpoint === undefined) return [];
      const wrong = judgePort({ endpoint, answer: { kind: 'refused' } }, exposedPorts ?? []);
      return wrong === undefined ? [] : problem('connection-refused', { instance, container, message: wrong.message, cure: wrong.cure });
    }),
  );
}
