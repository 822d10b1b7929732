import type { EngineEvent } from '../model/engine-event.ts';

/**
 * Maps one line of `GET /events` to our own type; undefined for a line that says nothing about a container.
 * Network events carry the container's id but not its labels; health events carry the result in the action
 * (`health_status: healthy`); a `kill` event carries the signal's number (Docker Engine API, events).
 * @param clockAheadMs how far the engine's clock is ahead of ours
 */
export function eventFromEngine(line: string, clockAheadMs = 0): EngineEvent | undefined {
  const event = parseObject(line);
  const actor = asRecord(event?.['Actor']);
  const attributes = asRecord(actor['Attributes']);
  const type = event?.['Type'];
  const containerId = type === 'network' ? attributes['container'] : actor['ID'];
  const action = event?.['Action'];
  if ((type !== 'container' && type !== 'network') || typeof containerId !== 'string' || containerId === '' || typeof action !== 'string')
    return undefined;
  const signal = Number(attributes['signal']);
  const timeNano = event?.['timeNano'];
  return {
    type,
    action: action.split(':')[0]?.trim() ?? '',
    containerId,
    hasRole: type === 'container' && attributes['meet.role'] !== undefined,
    ...(Number.isInteger(signal) ? { signal } : {}),
    ...(typeof timeNano === 'number' && timeNano > 0 && Number.isFinite(timeNano) ? { atMs: timeNano / 1e6 - clockAheadMs } : {}),
  };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asRecord(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
