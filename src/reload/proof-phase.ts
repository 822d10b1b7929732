import { answersNeeded, reloadPossibleSinceMs, sendsReloads } from './proof.ts';
import type { Proof, ProofOptions } from './proof.ts';

/**
 * How far a frontend is:
 * - `asking`: no answer yet
 * - `reloading`: reload requested, no effect seen yet
 * - `serving`: answered with the target once
 * - `live`: visitors get only the target
 * - `shadowed`: nginx has the target, but another server answers visitors
 * - `rejected`: serves another configuration, and nginx gave the reason
 * - `pending`: serves another configuration, reason unknown
 * - `unverified`: no answer on the status port or the routing port
 */
export type ProofPhase = 'asking' | 'reloading' | 'serving' | 'live' | 'shadowed' | 'rejected' | 'pending' | 'unverified';

/** One reload request can get lost; three in a row don't. */
const reloadsBeforeRefusal = 3;
/** Longer than a reload takes, shorter than the pause before the next request. */
const graceMs = 1500;

export function phaseOf(proof: Proof, nowMs: number, options: ProofOptions): ProofPhase {
  const { running, target, silent, reloads } = proof;
  if (running === undefined) return silent !== undefined && nowMs - silent.sinceMs >= options.verifyTimeoutMs ? 'unverified' : 'asking';
  if (target !== undefined && running === target.generation) {
    if (proof.settledAnswers >= answersNeeded(target)) return 'live';
    if (!isMismatchLasting(proof, options)) return 'serving';
    return proof.mismatch?.kind === 'other' ? 'shadowed' : 'unverified';
  }
  if (proof.inquiry?.found.kind === 'refused') return 'rejected';
  if (reloads.failure !== undefined) return 'pending';
  // If meet-gen sends no reload, the time counts from the publication.
  const sinceMs = sendsReloads(options) ? reloads.firstAtMs : reloadPossibleSinceMs(proof);
  const isRequested = !sendsReloads(options) || reloads.count > 0;
  return isRequested && nowMs - sinceMs >= options.verifyTimeoutMs ? 'pending' : 'reloading';
}

/** Whether another server has answered visitors for longer than any old worker does. */
export function isShadowed(proof: Proof, options: Pick<ProofOptions, 'verifyTimeoutMs'>): boolean {
  return proof.mismatch?.kind === 'other' && isMismatchLasting(proof, options);
}

function isMismatchLasting({ mismatch }: Proof, { verifyTimeoutMs }: Pick<ProofOptions, 'verifyTimeoutMs'>): boolean {
  return mismatch !== undefined && mismatch.lastAtMs - mismatch.sinceMs >= verifyTimeoutMs;
}

/**
 * Whether nginx serves another configuration after three reloads, and its reason can't be read. After a change of
 * structure this counts as a refusal.
 */
export function ignoresReloads(proof: Proof, nowMs: number, options: ProofOptions): boolean {
  const { running, target, reloads, inquiry } = proof;
  if (!sendsReloads(options) || target === undefined || running === undefined || running === target.generation) return false;
  // After a refusal nginx keeps the previous file. With no file at all, the include is wrong or a signal was lost.
  if (running === 'none') return false;
  const isSilent = !options.inquire || inquiry?.found.kind === 'unavailable';
  const { delivered, lastAtMs } = reloads;
  return isSilent && (delivered > reloadsBeforeRefusal || (delivered === reloadsBeforeRefusal && nowMs >= lastAtMs + graceMs));
}
