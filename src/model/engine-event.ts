/** An event of the engine about a container: a reason to look again, never a fact to decide from. */
export interface EngineEvent {
  readonly type: 'container' | 'network';
  /** `start`, `die`, `kill`, `health_status`, `connect`, … */
  readonly action: string;
  readonly containerId: string;
  /** The event carries the label `meet.role`; network events never do. */
  readonly hasRole: boolean;
  /** The signal's number; only for `kill`. */
  readonly signal?: number;
  /** The time of the event in milliseconds since 1970, by meet-gen's clock. */
  readonly atMs?: number;
}

/** The actions that can change the engine's list of containers, or that announce the end of a container. */
export const watchedContainerActions = ['start', 'die', 'kill', 'pause', 'unpause', 'rename', 'destroy', 'health_status'] as const;
export const watchedNetworkActions = ['connect', 'disconnect'] as const;

/** Whether an event is about a container with a role: the event carries the role, or meet-gen knows the container. */
export function isRelevant(event: EngineEvent, knows: (containerId: string) => boolean): boolean {
  if (!event.hasRole && !knows(event.containerId)) return false;
  const watched: readonly string[] = event.type === 'network' ? watchedNetworkActions : watchedContainerActions;
  return watched.includes(event.action) && !(event.action === 'kill' && !isStopSignal(event));
}

/** SIGINT, SIGQUIT, SIGKILL and SIGTERM end a container, with any stop signal in its image. */
const stopSignals: ReadonlySet<number> = new Set([2, 3, 9, 15]);

/** Whether a `kill` event is a stop under way. */
export function isStopSignal(event: EngineEvent): boolean {
  return event.signal !== undefined && stopSignals.has(event.signal);
}
