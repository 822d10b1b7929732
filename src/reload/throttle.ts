import { addsStandby, removesServer } from '../routes/removal.ts';
import type { RoutingView } from '../routes/view.ts';

/**
 * Limits how often an instance's nginx is reloaded: each reload leaves old workers running until their last connection
 * ends. This many reloads in a row are free, enough for a person who tries things out.
 */
const burstReloads = 30;
/** After this time one more reload is free. */
const refillMs = 2000;

/**
 * Whether a change skips the throttle. A removed server may be about to end, and nginx must know a standby before the
 * other servers stop. Both happen at most as often as containers start.
 */
export function isExempt(before: RoutingView | undefined, after: RoutingView): boolean {
  return before !== undefined && (removesServer(before, after) || addsStandby(before, after));
}

/**
 * How long a reload must wait, in milliseconds; 0 if it is free.
 * @param fullAtMs when the whole burst is free again, milliseconds since 1970
 */
export function throttledForMs(fullAtMs: number, nowMs: number): number {
  return Math.max(0, untilFullMs(fullAtMs, nowMs) - (burstReloads - 1) * refillMs);
}

/** `fullAtMs` after one more reload. */
export function fullAfterReload(fullAtMs: number, nowMs: number): number {
  return nowMs + untilFullMs(fullAtMs, nowMs) + refillMs;
}

function untilFullMs(fullAtMs: number, nowMs: number): number {
  return Math.max(0, fullAtMs - nowMs);
}
