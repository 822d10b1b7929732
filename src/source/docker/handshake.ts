import type { IncomingHttpHeaders } from 'node:http';
import { newestDocker, profileFor } from './engine-profile.ts';
import type { EngineProfile } from './engine-profile.ts';

/** The version, clock and profile of an engine, from its answer to the ping. */
export interface Handshake {
  /** `v1.45`, the newest API version of both sides; undefined for paths without a version. */
  readonly version: string | undefined;
  /** How far the engine's clock is ahead of ours, in milliseconds; 0 if the clocks agree. */
  readonly clockAheadMs: number;
  readonly profile: EngineProfile;
}

/** The newest API version that meet-gen was written for (Docker Engine API, version history). */
const newestKnownMinor = 52;
/** The answer's date has whole seconds, so a smaller difference counts as zero. */
const sameClockMs = 2000;

export const noHandshake: Handshake = { version: undefined, clockAheadMs: 0, profile: newestDocker };

/**
 * Reads the headers of `GET /_ping`, and picks the newest version that both sides have (Docker Engine API, versioning).
 * Paths without a version are deprecated, and newer engines drop old versions.
 * @param answeredAtMs when the answer came, milliseconds since 1970 by our clock
 */
export function readHandshake(headers: IncomingHttpHeaders, answeredAtMs: number): Handshake {
  const minor = /^1\.(\d{1,3})$/.exec(String(headers['api-version'] ?? ''))?.[1];
  const dateMs = Date.parse(headers.date ?? '');
  const aheadMs = Number.isNaN(dateMs) ? 0 : dateMs + 500 - answeredAtMs;
  return {
    version: minor === undefined ? undefined : `v1.${Math.min(Number(minor), newestKnownMinor)}`,
    clockAheadMs: Math.abs(aheadMs) < sameClockMs ? 0 : aheadMs,
    profile: profileFor(headers),
  };
}
