import type { ManagerClient } from './manager-client.ts';
import { ManagerFailure } from './manager-failure.ts';
import type { Manager } from './manager.ts';
import { readServices } from './read-services.ts';
import { readTasks } from './read-tasks.ts';
import { hasUnknownService, isOlder } from './swarm-view.ts';
import type { SwarmReading } from './swarm-view.ts';

/**
 * Reads the services, if they are due, and then the tasks, from one manager. So a task's service is in the read, or is
 * new: then both are read again.
 * @param view the services and tasks known so far
 * @throws ManagerFailure also when the manager's state is older than the view
 */
export async function readSwarm(
  client: ManagerClient,
  manager: Manager,
  view: SwarmReading,
  areServicesDue: boolean,
  signal: AbortSignal,
): Promise<SwarmReading> {
  const read = async (withServices: boolean): Promise<SwarmReading> => {
    const services = withServices ? await client.ask(manager, '/services', readServices, signal) : view.services;
    return { services, tasks: await client.ask(manager, '/tasks', readTasks, signal) };
  };
  const first = await read(areServicesDue);
  const reading = !areServicesDue && hasUnknownService(view, first) ? await read(true) : first;
  if (isOlder(view, reading)) throw older();
  return reading;
}

function older(): ManagerFailure {
  return new ManagerFailure(
    'it shows an older state of the swarm than another manager did',
    'wait until it has caught up. After a restore of the swarm from a backup, restart meet-gen',
  );
}
