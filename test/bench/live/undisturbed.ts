import type { ContainerEvent } from './engine-api.ts';

const lifecycleActions = new Set(['create', 'start', 'kill', 'die', 'destroy', 'pause', 'unpause', 'rename', 'health_status']);

/** True for a lifecycle event of another compose project. All contenders receive it, and some act on it. */
export function isFromOtherProject({ Action: action, Actor: actor }: ContainerEvent, projects: readonly string[]): boolean {
  const project = actor.Attributes['com.docker.compose.project'] ?? '';
  return lifecycleActions.has(action.replace(/:.*$/, '')) && !projects.includes(project);
}

const attemptsEach = 4;

/**
 * Measures until `times` measurements were undisturbed: without a start or stop of other projects' containers.
 * @param events the engine's events, which each attempt empties at its start
 * @throws Error after four attempts for each measurement
 */
export async function measureUndisturbed(
  times: number,
  events: readonly ContainerEvent[],
  projects: readonly string[],
  measure: () => Promise<() => void>,
): Promise<void> {
  let done = 0;
  for (let attempt = 0; attempt < times * attemptsEach; attempt += 1) {
    const keep = await measure();
    if (events.some((event) => isFromOtherProject(event, projects))) continue;
    keep();
    done += 1;
    if (done === times) return;
  }
  throw new Error(
    `only ${done} of ${times} measurements were undisturbed: other containers start and stop on this engine, which would change the ` +
      'figures. Measure while the engine is otherwise unused, or on a separate engine (DOCKER_HOST)',
  );
}
