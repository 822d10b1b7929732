import type { ContainerEvent } from './engine-api.ts';

/** What shows that somebody else's containers come and go. */
const telling = new Set(['create', 'start', 'kill', 'die', 'destroy', 'pause', 'unpause', 'rename', 'health_status']);

/** Is this an event of a container of none of these compose projects, which all contenders hear and some act upon? */
export function isForeign({ Action: action, Actor: actor }: ContainerEvent, projects: readonly string[]): boolean {
  const project = actor.Attributes['com.docker.compose.project'] ?? '';
  return telling.has(action.replace(/:.*$/, '')) && !projects.includes(project);
}

const attemptsEach = 4;

/**
 * Measures so often without anybody else's containers coming and going meanwhile; what was disturbed is done again.
 * @param events the engine's, since the attempt began when it is over
 * @throws Error when it is disturbed all the time
 */
export async function undisturbed(
  times: number,
  events: readonly ContainerEvent[],
  projects: readonly string[],
  measure: () => Promise<() => void>,
): Promise<void> {
  let done = 0;
  for (let attempt = 0; attempt < times * attemptsEach; attempt += 1) {
    const keep = await measure();
    if (events.some((event) => isForeign(event, projects))) continue;
    keep();
    done += 1;
    if (done === times) return;
  }
  throw new Error(
    `only ${done} of ${times} measurements were undisturbed: other containers come and go on this engine, and the figures would be about ` +
      'them, too; measure while nobody else uses it, or on an engine of its own (DOCKER_HOST)',
  );
}
