import type { IncomingHttpHeaders } from 'node:http';

/** What an engine tells of itself before it is asked for anything. */
export interface Handshake {
  /** `v1.45`, the API that both sides know; undefined for whatever the engine takes for its own. */
  readonly version: string | undefined;
  /** How far the engine's clock is ahead of ours, in milliseconds; 0 when they are the same. */
  readonly clockAheadMs: number;
}

/** The newest API that our reading of the engine's answers was written for (Docker Engine API, version history). */
const newestKnownMinor = 52;
/** The answer's date has whole seconds; clocks that differ by less are taken for the same one. */
const sameClockMs = 2000;

export const noHandshake: Handshake = { version: undefined, clockAheadMs: 0 };

/**
 * Reads the headers of `GET /_ping`. A path without a version is deprecated, and engines move to new minimum versions now
 * and then, so what is asked for is the newest version that both know (Docker Engine API, versioning).
 * @param answeredAtMs when the answer came, milliseconds since 1970 by our clock
 */
export function readHandshake(headers: IncomingHttpHeaders, answeredAtMs: number): Handshake {
  const minor = /^1\.(\d{1,3})$/.exec(String(headers['api-version'] ?? ''))?.[1];
  const dateMs = Date.parse(headers.date ?? '');
  const aheadMs = Number.isNaN(dateMs) ? 0 : dateMs + 500 - answeredAtMs;
  return {
    version: minor === undefined ? undefined : `v1.${Math.min(Number(minor), newestKnownMinor)}`,
    clockAheadMs: Math.abs(aheadMs) < sameClockMs ? 0 : aheadMs,
  };
}
