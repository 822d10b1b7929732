import { addsStandby, removesServer } from '../routes/removal.ts';
import type { RoutingView } from '../routes/view.ts';

/**
 * Bounds how often an instance's nginx is reloaded: each reload leaves old workers behind until their last connection ends,
 * unseen. So many in a row are free, enough for a person who tries things out, and one more every so often.
 */
const burstReloads = 30;
const refillMs = 2000;

/**
 * Whether a change is published at once, whatever came before, and counts for nothing: a server that leaves may be about to
 * end, and a standby must be known when the others are stopped. Neither can happen more often than containers start.
 */
export function isExempt(before: RoutingView | undefined, after: RoutingView): boolean {
  return before !== undefined && (removesServer(before, after) || addsStandby(before, after));
}

/**
 * How long a reload is held back, in milliseconds; 0 for not at all.
 * @param fullAtMs when all reloads in a row are free again, milliseconds since 1970
 */
export function throttledForMs(fullAtMs: number, nowMs: number): number {
  return Math.max(0, untilFullMs(fullAtMs, nowMs) - (burstReloads - 1) * refillMs);
}

/** When all reloads in a row are free again, after one more. */
export function fullAfterReload(fullAtMs: number, nowMs: number): number {
  return nowMs + untilFullMs(fullAtMs, nowMs) + refillMs;
}

function untilFullMs(fullAtMs: number, nowMs: number): number {
  return Math.max(0, fullAtMs - nowMs);
}
