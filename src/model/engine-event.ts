/** An event of the engine about a container: a reason to look again, never a fact to decide from. */
export interface EngineEvent {
  readonly type: 'container' | 'network';
  /** `start`, `die`, `kill`, `restarting`, `update`, `health_status`, `connect`, … */
  readonly action: string;
  readonly containerId: string;
  /** The event carries the label `meet.role`; network events never do. */
  readonly hasRole: boolean;
  /** The signal's number; only for `kill`. */
  readonly signal?: number;
  /** Only for `die`, where the engine announces no stops: the exit code can be that of a stop. */
  readonly mayBeStop?: true;
  /** The network's name; only for a network event of an engine whose list can lag behind its events. */
  readonly network?: string;
  /** The result in a `health_status` that the engine sends at each check, also without a change. */
  readonly health?: string;
  /** The time of the event in milliseconds since 1970, by meet-gen's clock. */
  readonly atMs?: number;
}

/** The actions of Docker that can change the engine's list, or that announce the end of a container. */
export const watchedContainerActions = ['start', 'die', 'kill', 'pause', 'unpause', 'rename', 'destroy', 'health_status'] as const;
export const watchedNetworkActions = ['connect', 'disconnect'] as const;

/**
 * A restart begins: before the container's end for a command, after its end for its restart policy. Only from an engine
 * that announces no stops.
 */
export const restarting = 'restarting';
/** Labels, addresses or the place in the rotation changed. Only from a source that compares lists. */
export const updated = 'update';
const relevantContainerActions: readonly string[] = [...watchedContainerActions, restarting, updated];

/** Whether an event is about a container with a role: the event carries the role, or meet-gen knows the container. */
export function isRelevant(event: EngineEvent, knows: (containerId: string) => boolean): boolean {
  if (!event.hasRole && !knows(event.containerId)) return false;
  const relevant: readonly string[] = event.type === 'network' ? watchedNetworkActions : relevantContainerActions;
  return relevant.includes(event.action) && !(event.action === 'kill' && !isStopSignal(event));
}

/** SIGINT, SIGQUIT, SIGKILL and SIGTERM end a container, with any stop signal in its image. */
const stopSignals: ReadonlySet<number> = new Set([2, 3, 9, 15]);

/** Whether a `kill` event is a stop under way. */
export function isStopSignal(event: EngineEvent): boolean {
  return event.signal !== undefined && stopSignals.has(event.signal);
}
