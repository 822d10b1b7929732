import type { Instance } from '../model/instance.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';

/**
 * The frontends that got a reload signal since their last start. Engines count it as a manual stop (moby#41302), so a
 * signalled frontend may stay down after a crash. The list doesn't show the restart policy.
 */
export interface SignalledFrontends {
  /** The engine delivered a signal. */
  signalled(containerId: string): void;
  started(containerId: string): void;
  /** Ended, in any way. */
  ended(containerId: string): void;
  /** Ended without a stop; after `ended`. */
  crashed(containerId: string): void;
  /** Forgets all other containers. */
  retain(containerIds: ReadonlySet<string>): void;
  /** A problem for each frontend that crashed after a signal, and that the list shows down. */
  problems(instances: readonly Instance[]): readonly Problem[];
}

export function createSignalledFrontends(): SignalledFrontends {
  /** By container id: whether the container crashed since the signal. */
  const crashes = new Map<string, boolean>();
  const forgetCrash = (id: string): void => {
    if (crashes.has(id)) crashes.set(id, false);
  };
  return {
    signalled: (id) => void crashes.set(id, false),
    started: (id) => void crashes.delete(id),
    ended: forgetCrash,
    crashed(id) {
      if (crashes.has(id)) crashes.set(id, true);
    },
    retain(ids) {
      for (const id of crashes.keys()) if (!ids.has(id)) crashes.delete(id);
    },
    problems: (instances) =>
      instances.flatMap(({ name, frontends }) =>
        frontends.flatMap(({ container }) =>
          crashes.get(container.id) === true && isDown(container.state) ? staysDown(name, container.name) : [],
        ),
      ),
  };
}

/** A container that the engine starts again is `restarting` in the list. */
function isDown(state: Instance['frontends'][number]['container']['state']): boolean {
  return state === 'exited' || state === 'dead';
}

function staysDown(instance: string, container: string): Problem {
  return problem('frontend-stays-down', {
    instance,
    container,
    message:
      'the frontend crashed, and the engine does not start it again. The engine counts a reload signal as a manual stop, which ends some restart policies',
    cure: 'start the frontend; then give it restart: always and stop_signal: SIGQUIT, or use --reload hook or exec, which send no signal',
  });
}
