import type { EngineEvent } from '../../model/engine-event.ts';
import { maxIdLength } from './container-from-engine.ts';
import { newestDocker } from './engine-profile.ts';
import type { EngineProfile } from './engine-profile.ts';
import { recordOf, textOf } from './json-fields.ts';

/**
 * The year 2000. An older time means that the event has no time; then the event counts as new, since old events are
 * skipped.
 */
const earliestNano = 946_684_800e9;

/**
 * Maps a line of `GET /events` to `EngineEvent` (Docker Engine API, events). A network event has the container's id,
 * but not its labels. A health event has the result in the action (`health_status: healthy`). A `kill` event has the
 * signal's number. A `die` event has the exit code.
 * @param clockAheadMs how far the engine's clock is ahead of ours
 * @returns undefined for a line that isn't about a container
 */
export function eventFromEngine(line: string, profile: EngineProfile = newestDocker, clockAheadMs = 0): EngineEvent | undefined {
  const event = parseObject(line);
  const actor = recordOf(event['Actor']);
  const attributes = recordOf(actor['Attributes']);
  const { Type: type, Action: action, timeNano } = event;
  const hasContainerAttribute = type === 'network' && profile.networkEventActor === 'network';
  const containerId = textOf(hasContainerAttribute ? attributes['container'] : actor['ID']);
  // A look would ask for a longer id, and the request would be too long.
  const isWhole = (type === 'container' || type === 'network') && typeof action === 'string';
  if (!isWhole || containerId === '' || containerId.length > maxIdLength) return undefined;
  const name = action.split(':', 1)[0]?.trim() ?? '';
  const ownAction = Object.hasOwn(profile.events, name) ? (profile.events[name] ?? name) : name;
  // Only Podman has this field, and sends the event at each check; newer versions only at a change (measured on 5.4.2).
  const health = textOf(event['HealthStatus']);
  const network = textOf(attributes['name']);
  const signal = Number(textOf(attributes['signal']) || NaN);
  return {
    type,
    action: ownAction,
    containerId,
    hasRole: type === 'container' && attributes['meet.role'] !== undefined,
    ...(Number.isInteger(signal) ? { signal } : {}),
    ...(hasContainerAttribute && network !== '' ? { network } : {}),
    ...(ownAction === 'health_status' && health !== '' ? { health } : {}),
    ...(ownAction === 'die' && mayBeStop(attributes, profile) ? { mayBeStop: true } : {}),
    ...(typeof timeNano === 'number' && timeNano > earliestNano && Number.isFinite(timeNano)
      ? { atMs: timeNano / 1e6 - clockAheadMs }
      : {}),
  };
}

/** Reads `exitCode` alone: on Podman 4.3 each event has a `containerExitCode` of 0 (measured). */
function mayBeStop(attributes: Readonly<Record<string, unknown>>, { exitCodesOfStops }: EngineProfile): boolean {
  const code = textOf(attributes['exitCode']);
  return code !== '' && exitCodesOfStops.includes(Number(code));
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(line));
  } catch {
    return {};
  }
}
