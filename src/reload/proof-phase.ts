import { answersNeeded, reloadPossibleSinceMs, sendsReloads } from './proof.ts';
import type { Proof, ProofOptions } from './proof.ts';

/**
 * How far a frontend is: `asking` (not known yet), `reloading` (told, not seen yet), `serving` (has answered with the
 * target), `live` (visitors get the target alone), `shadowed` (nginx has the target, but another server answers visitors), `rejected`
 * (goes on with another, and nginx says why), `pending` (goes on with another), `unverified` (does not answer,
 * or not where visitors ask).
 */
export type ProofPhase = 'asking' | 'reloading' | 'serving' | 'live' | 'shadowed' | 'rejected' | 'pending' | 'unverified';

/** Somebody may lose a signal; nobody loses three. */
const reloadsBeforeRefusal = 3;
/** Long after the last of them, and before the next. */
const graceMs = 1500;

/** How far it is, in a word. */
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
  // Where somebody else makes it reload, their time counts from the file.
  const sinceMs = sendsReloads(options) ? reloads.firstAtMs : reloadPossibleSinceMs(proof);
  const isRequested = !sendsReloads(options) || reloads.count > 0;
  return isRequested && nowMs - sinceMs >= options.verifyTimeoutMs ? 'pending' : 'reloading';
}

/** Whether visitors have got something else for so long that it is no old worker that answers. */
export function isShadowed(proof: Proof, options: Pick<ProofOptions, 'verifyTimeoutMs'>): boolean {
  return proof.mismatch?.kind === 'other' && isMismatchLasting(proof, options);
}

function isMismatchLasting({ mismatch }: Proof, { verifyTimeoutMs }: Pick<ProofOptions, 'verifyTimeoutMs'>): boolean {
  return mismatch !== undefined && mismatch.lastAtMs - mismatch.sinceMs >= verifyTimeoutMs;
}

/**
 * Whether it goes on with another configuration after three signals, where nobody can be asked why: with a change of structure that
 * is taken for a refusal.
 */
export function ignoresReloads(proof: Proof, nowMs: number, options: ProofOptions): boolean {
  const { running, target, reloads, inquiry } = proof;
  if (!sendsReloads(options) || target === undefined || running === undefined || running === target.generation) return false;
  // Where nginx has read nothing, it looks elsewhere, or a signal got lost: a refusal leaves what was read before.
  if (running === 'none') return false;
  const isSilent = !options.inquire || inquiry?.found.kind === 'unavailable';
  const { delivered, lastAtMs } = reloads;
  return isSilent && (delivered > reloadsBeforeRefusal || (delivered === reloadsBeforeRefusal && nowMs >= lastAtMs + graceMs));
}
