import { roughly } from '../status/duration.ts';

/** A moment as people read it, and as programs do. */
export interface Moment {
  /** ISO 8601. */
  readonly iso: string;
  readonly text: string;
  readonly ago: string;
}

/** @param nowMs milliseconds since 1970 */
export function viewMoment(iso: string, nowMs: number): Moment {
  return { iso, text: `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`, ago: ago(nowMs - Date.parse(iso)) };
}

function ago(passedMs: number): string {
  const passed = roughly(passedMs);
  return passed === undefined ? 'just now' : `${passed} ago`;
}

/** An id for an element that stays the same as long as what it is about does. */
export function elementId(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(/[^A-Za-z0-9-]/g, (letter) => `_${letter.codePointAt(0)?.toString(16) ?? ''}_`)).join('.');
}
