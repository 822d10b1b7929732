import type { EngineEvent } from '../../model/engine-event.ts';
import { maxIdLength } from './container-from-engine.ts';
import { recordOf, textOf } from './foreign-json.ts';

/** The year 2000: what claims to be older was not told its time, and happened now. An event of the past is passed over. */
const earliestNano = 946_684_800e9;

/**
 * Maps one line of `GET /events` to our own type; undefined for a line that says nothing about a container.
 * Network events carry the container's id but not its labels; health events carry the result in the action
 * (`health_status: healthy`); a `kill` event carries the signal's number (Docker Engine API, events).
 * @param clockAheadMs how far the engine's clock is ahead of ours
 */
export function eventFromEngine(line: string, clockAheadMs = 0): EngineEvent | undefined {
  const event = parseObject(line);
  const actor = recordOf(event['Actor']);
  const attributes = recordOf(actor['Attributes']);
  const { Type: type, Action: action, timeNano } = event;
  const containerId = textOf(type === 'network' ? attributes['container'] : actor['ID']);
  // A longer id is none: it would be asked for, and make the question too long.
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
