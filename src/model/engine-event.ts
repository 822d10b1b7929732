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
  /** Milliseconds since 1970, the engine's clock. */
  readonly atMs?: number;
}

/** The actions after which the engine's list can look different, or a container is about to go. */
export const watchedContainerActions = ['start', 'die', 'kill', 'pause', 'unpause', 'rename', 'destroy', 'health_status'] as const;
export const watchedNetworkActions = ['connect', 'disconnect'] as const;

/** Whether an event is about one of ours: it shows the role itself, or its container is known to have one. */
export function isRelevant(event: EngineEvent, knownIds: ReadonlySet<string>): boolean {
  if (!event.hasRole && !knownIds.has(event.containerId)) return false;
  const watched: readonly string[] = event.type === 'network' ? watchedNetworkActions : watchedContainerActions;
  return watched.includes(event.action) && !(event.action === 'kill' && !isStopSignal(event));
}

/** SIGINT, SIGQUIT, SIGKILL and SIGTERM: whatever the image's own stop signal, these mean that it is to end. */
const stopSignals: ReadonlySet<number> = new Set([2, 3, 9, 15]);
const stoppingForgottenAfterMs = 15 * 60_000;

function isStopSignal(event: EngineEvent): boolean {
  return event.signal !== undefined && stopSignals.has(event.signal);
}

/** Containers that got a stop signal, by id, with the time in milliseconds since 1970. */
export type Stops = ReadonlyMap<string, number>;

/** The stops that still count at this time. */
export function stopsInProgress(stops: Stops, nowMs: number): Stops {
  return new Map([...stops].filter(([, sinceMs]) => nowMs - sinceMs < stoppingForgottenAfterMs));
}

/**
 * The stops in progress after one more event. The engine goes on saying `running` during the stop's grace time, so
 * this is the one thing that its list can't tell. It ends with `die`, a new `start`, or after 15 minutes.
 */
export function noteStop(stops: Stops, event: EngineEvent, nowMs: number): Stops {
  const next = new Map(stopsInProgress(stops, nowMs));
  if (event.type !== 'container') return next;
  if (event.action === 'kill' && isStopSignal(event)) next.set(event.containerId, nowMs);
  if (event.action === 'die' || event.action === 'start' || event.action === 'destroy') next.delete(event.containerId);
  return next;
}
