/** Something that the engine announced about a container: a reason to look again, never a fact to decide from. */
export interface EngineEvent {
  readonly type: 'container' | 'network';
  /** `start`, `die`, `kill`, `health_status`, `connect`, … */
  readonly action: string;
  readonly containerId: string;
  /** The event itself shows `meet.role`; network events never do. */
  readonly hasRole: boolean;
  /** Of a `kill`: the signal's number. */
  readonly signal?: number;
  /** When it happened, milliseconds since 1970 by our clock. */
  readonly atMs?: number;
}

/** The actions after which the engine's list can look different, or a container is about to go. */
export const watchedContainerActions = ['start', 'die', 'kill', 'pause', 'unpause', 'rename', 'destroy', 'health_status'] as const;
export const watchedNetworkActions = ['connect', 'disconnect'] as const;

/** Whether an event is about one of ours: it shows the role itself, or its container is known to have one. */
export function isRelevant(event: EngineEvent, knows: (containerId: string) => boolean): boolean {
  if (!event.hasRole && !knows(event.containerId)) return false;
  const watched: readonly string[] = event.type === 'network' ? watchedNetworkActions : watchedContainerActions;
  return watched.includes(event.action) && !(event.action === 'kill' && !isStopSignal(event));
}

/** SIGINT, SIGQUIT, SIGKILL and SIGTERM: whatever the image's own stop signal, these mean that it is to end. */
const stopSignals: ReadonlySet<number> = new Set([2, 3, 9, 15]);

/** Whether a `kill` event is a stop under way. */
export function isStopSignal(event: EngineEvent): boolean {
  return event.signal !== undefined && stopSignals.has(event.signal);
}
