import { roughly } from '../status/duration.ts';

/** A time for people and for programs. */
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

/** A stable id for an element of the page. */
export function elementId(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(/[^A-Za-z0-9-]/g, (letter) => `_${letter.codePointAt(0)?.toString(16) ?? ''}_`)).join('.');
}
