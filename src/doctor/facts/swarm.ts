import type { Container } from '../../model/container.ts';
import { composeServiceLabel, projectTextOf, swarmServiceLabel } from '../../model/member.ts';

type Labelled = Pick<Container, 'labels'>;

/** Whether the container is a task of a Swarm service: Swarm creates, restarts and replaces it. */
export function isSwarmTask({ labels }: Labelled): boolean {
  return labels[swarmServiceLabel] !== undefined;
}

/**
 * Whether the container is a task that has ended, or has not started yet. Swarm replaces an ended one by a new container,
 * perhaps on another node, and keeps it as history.
 */
export function isIdleTask(container: Pick<Container, 'labels' | 'state'>): boolean {
  return isSwarmTask(container) && ['created', 'exited', 'dead', 'removing'].includes(container.state);
}

/** The container's service in the compose or stack file. Swarm's name for it has the stack's name in front. */
export function serviceTextOf(container: Labelled): string | undefined {
  const { [composeServiceLabel]: inCompose, [swarmServiceLabel]: inSwarm } = container.labels;
  const prefix = `${projectTextOf(container) ?? ''}_`;
  return inCompose ?? (inSwarm?.startsWith(prefix) === true ? inSwarm.slice(prefix.length) : inSwarm);
}
