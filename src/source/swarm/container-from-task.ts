import type { Container, ContainerState } from '../../model/container.ts';
import { boundLabels, tooManyLabels } from '../../model/label-limits.ts';
import { swarmServiceLabel } from '../../model/member.ts';
import { defined } from '../../util/defined.ts';
import type { Service } from './read-services.ts';
import type { Task, TaskState } from './read-tasks.ts';

/** The state of a task's container. Before `running` there is no container, or it isn't healthy yet. */
const containerStates: Readonly<Record<TaskState, ContainerState>> = {
  new: 'created',
  pending: 'created',
  assigned: 'created',
  accepted: 'created',
  preparing: 'created',
  ready: 'created',
  starting: 'created',
  running: 'running',
  complete: 'exited',
  shutdown: 'exited',
  failed: 'exited',
  rejected: 'exited',
  remove: 'exited',
  orphaned: 'exited',
};

/** A stack file can set these labels to the names of another project, and stack deploy keeps them. */
const composeLabels = 'com.docker.compose.';

const portsUnknown = 'a swarm does not list them';

/** A task that has ended and that the swarm has replaced. The managers keep some of them for `docker service ps`. */
export function isHistory({ state, desired }: Pick<Task, 'state' | 'desired'>): boolean {
  return containerStates[state] === 'exited' && desired !== 'running';
}

/** The task still answers, but its stop begins within a few seconds, or is under way. */
export function isLeaving({ state, desired }: Pick<Task, 'state' | 'desired'>): boolean {
  return state === 'running' && desired !== 'running';
}

/**
 * Maps a task to its container. The labels of the service (`deploy.labels`) win over those of the container. The
 * container has the name that the engine of its node gives it.
 * @param node the id of this node
 * @param demoted why the task takes requests only while no other replica does
 * @returns undefined for a task without a role
 */
export function containerFromTask(
  task: Task,
  service: Service,
  node: string | undefined,
  demoted: string | undefined,
): Container | undefined {
  const merged = withoutCompose({ ...task.labels, ...service.labels });
  if (merged['meet.role'] === undefined) return undefined;
  const labels = boundLabels({ ...merged, [swarmServiceLabel]: service.name });
  const unreadable = task.unreadable ?? service.unreadable ?? tooManyLabels(labels);
  const state = containerStates[task.state];
  // The manager shows an address before there is a container.
  const networks = task.networks.map(({ attachment }) => (state === 'running' ? attachment : { name: attachment.name }));
  return {
    id: task.id,
    name: `${service.name}.${task.slot ?? task.nodeId}.${task.id}`,
    imageId: task.image,
    createdAtSeconds: task.createdAtSeconds,
    state,
    ...(isLeaving(task) ? { isStopping: true } : {}),
    ...(isLeaving(task) || demoted !== undefined ? { standsBy: true } : {}),
    ...defined({ demoted, unreadable }),
    ...(node !== undefined && task.nodeId !== node ? { isElsewhere: true } : {}),
    health: 'healthy-or-none',
    labels,
    networkMode: '',
    networks,
    endpointIds: state === 'running' ? task.networks.map(({ id, attachment: { ipv4, ipv6 } }) => [id, ipv4, ipv6].join(' ')) : [],
    exposedTcpPorts: [],
    portsUnknown,
  };
}

function withoutCompose(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith(composeLabels)));
}
