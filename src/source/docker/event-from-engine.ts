import type { EngineEvent } from '../../model/engine-event.ts';
import { maxIdLength } from './container-from-engine.ts';
import { recordOf, textOf } from './json-fields.ts';

/**
 * The year 2000. An older time means that the event has no time; then the event counts as new, since old events are
 * skipped.
 */
const earliestNano = 946_684_800e9;

/**
 * Maps a line of `GET /events` to `EngineEvent` (Docker Engine API, events). A network event has the container's id,
 * but not its labels. A health event has the result in the action (`health_status: healthy`). A `kill` event has the
 * signal's number.
 * @param clockAheadMs how far the engine's clock is ahead of ours
 * @returns undefined for a line that isn't about a container
 */
export function eventFromEngine(line: string, clockAheadMs = 0): EngineEvent | undefined {
  const event = parseObject(line);
  const actor = recordOf(event['Actor']);
  const attributes = recordOf(actor['Attributes']);
  const { Type: type, Action: action, timeNano } = event;
  const containerId = textOf(type === 'network' ? attributes['container'] : actor['ID']);
  // A look would ask for a longer id, and the request would be too long.
  const isWhole = (type === 'container' || type === 'network') && typeof action === 'string';
  if (!isWhole || containerId === '' || containerId.length > maxIdLength) return undefined;
  const signal = Number(textOf(attributes['signal']) || NaN);
  return {
    type,
    action: action.split(':', 1)[0]?.trim() ?? '',
    containerId,
    hasRole: type === 'container' && attributes['meet.role'] !== undefined,
    ...(Number.isInteger(signal) ? { signal } : {}),
    ...(typeof timeNano === 'number' && timeNano > earliestNano && Number.isFinite(timeNano)
      ? { atMs: timeNano / 1e6 - clockAheadMs }
      : {}),
  };
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(line));
  } catch {
    return {};
  }
}
