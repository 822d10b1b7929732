import { answersNeeded, settledAtMsOf, reloadPossibleSinceMs, sendsReloads } from './proof.ts';
import type { Proof, ProofOptions, Target } from './proof.ts';
import { isShadowed } from './proof-phase.ts';

/** The next action for a frontend. */
export type Step =
  | { readonly do: 'ask'; readonly times: number }
  /** Send visitors' requests to the routing port. */
  | { readonly do: 'visit'; readonly times: number }
  | { readonly do: 'find-rival' }
  | { readonly do: 'reload' }
  | { readonly do: 'inquire' }
  | { readonly do: 'wait'; readonly ms: number };

const askOnce: Step = { do: 'ask', times: 1 };
const visitOnce: Step = { do: 'visit', times: 1 };
const shortestAskMs = 150;
const longestAskMs = 1000;
const firstPollMs = 5;
/** Each request costs the host time, so requests start after this share of the last reload's duration. */
const firstAskShare = 0.7;
const longestFirstWaitMs = 200;
const maxPollMs = 50;
const maxPendingPollMs = 1000;
const startingPollMs = 25;
const firstResendMs = 500;
const maxPauseMs = 30_000;
/** A busy host may delay one reload. If a second reload has no effect either, meet-gen asks nginx why. */
const reloadsBeforeInquiry = 2;
const inquireAfterMs = 400;
const maxHookPollMs = 100;

/** Decides the next action: ask first, reload only if the answer differs, repeat the reload with back-off. */
export function nextStep(proof: Proof, nowMs: number, options: ProofOptions): Step {
  const { target } = proof;
  if (target === undefined) return { do: 'wait', ms: maxPauseMs };
  if (proof.running === undefined) return stepWhileSilent(proof, target, nowMs, options);
  const isReached = proof.running === target.generation;
  // A visitor's request proves more. After a mismatch, the status port shows whether nginx still has the target.
  if (proof.doubtful === true) return isReached && target.entrance !== undefined && proof.mismatch === undefined ? visitOnce : askOnce;
  if (!isReached) return stepTowards(proof, nowMs, options);
  if (isShadowed(proof, options) && proof.mismatch?.isRivalSearched !== true) return { do: 'find-rival' };
  if (proof.settledAnswers >= answersNeeded(target)) return { do: 'wait', ms: maxPauseMs };
  const dueMs = Math.max(settledAtMsOf(proof, nowMs), nextVisitAtMs(proof));
  if (nowMs < dueMs) return { do: 'wait', ms: dueMs - nowMs };
  const times = answersNeeded(target) - proof.settledAnswers;
  if (target.entrance === undefined) return { do: 'ask', times };
  return proof.mismatch === undefined || proof.settledAnswers > 0 ? { do: 'visit', times } : visitOnce;
}

/** Soon at first, since an old worker may have answered; then at growing intervals. */
function nextVisitAtMs({ mismatch, settledAnswers }: Proof): number {
  if (mismatch === undefined || settledAnswers > 0) return 0;
  return mismatch.lastAtMs + Math.min(Math.max(maxPollMs, (mismatch.lastAtMs - mismatch.pacedFromMs) / 5), maxPauseMs);
}

/**
 * The frontend doesn't answer. A new frontend is only asked, since a signal during its start can kill nginx. A frontend
 * that has run for long, or refuses meet-gen and so is up, is reloaded without an answer.
 */
function stepWhileSilent(proof: Proof, target: Target, nowMs: number, options: ProofOptions): Step {
  const silentMs = proof.silent === undefined ? 0 : nowMs - proof.silent.sinceMs;
  const isDenied = proof.silent?.denied === true;
  // The older file itself may refuse meet-gen, since it lists the previous networks.
  const mayHaveReadAnOlderFile = isDenied || target.writtenAtMs > proof.foundAtMs;
  const isUp = isDenied || silentMs >= options.verifyTimeoutMs;
  const isDue = proof.reloads.count === 0 || (proof.reloads.failure !== undefined && nowMs >= resendAtMs(proof));
  if (isUp && sendsReloads(options) && isDue && mayHaveReadAnOlderFile) return { do: 'reload' };
  const waitedMs = proof.reloads.count === 0 ? silentMs : Math.min(silentMs, nowMs - proof.reloads.lastAtMs);
  const pauseMs = waitedMs < options.verifyTimeoutMs ? startingPollMs : Math.min(waitedMs / 4, maxPauseMs);
  return askAt((proof.askedAtMs ?? 0) + pauseMs, nowMs);
}

/** The frontend serves another configuration: reload, poll often at first, reload again if nothing changes. */
function stepTowards(proof: Proof, nowMs: number, options: ProofOptions): Step {
  if (!sendsReloads(options)) return stepWithoutSending(proof, nowMs, options);
  const { count, firstAtMs, lastAtMs } = proof.reloads;
  if (count === 0) return { do: 'reload' };
  if (isInquiryDue(proof, nowMs, options)) return { do: 'inquire' };
  // If this process or nginx was delayed, the last answer may be older than the reload: ask once more.
  if (nowMs >= resendAtMs(proof)) return (proof.seenAtMs ?? 0) < resendAtMs(proof) ? askOnce : { do: 'reload' };
  const notBeforeMs = lastAtMs + Math.min((proof.reloadMs ?? 0) * firstAskShare, longestFirstWaitMs);
  if (count === 1 && nowMs < notBeforeMs) return askAt(notBeforeMs, nowMs);
  const longestMs = nowMs - firstAtMs < options.verifyTimeoutMs ? maxPollMs : maxPendingPollMs;
  const pollMs = Math.min(Math.max(firstPollMs, (nowMs - lastAtMs) / 5), longestMs);
  return askAt(Math.min((proof.askedAtMs ?? 0) + pollMs, resendAtMs(proof)), nowMs);
}

/** meet-gen doesn't send the reload: the hook reloads within a second, an operator at any time. */
function stepWithoutSending(proof: Proof, nowMs: number, options: ProofOptions): Step {
  const askedAtMs = proof.askedAtMs ?? 0;
  if (options.reloadedBy === 'operator') return askAt(askedAtMs + options.verifyTimeoutMs, nowMs);
  const waitedMs = nowMs - reloadPossibleSinceMs(proof);
  const pauseMs = Math.min(Math.max(waitedMs / 10, maxHookPollMs), maxPendingPollMs);
  const inquiredAtMs = Math.max(proof.inquiry?.atMs ?? 0, reloadPossibleSinceMs(proof));
  if (options.inquire && nowMs >= inquiredAtMs + Math.max(pauseMs, inquireAfterMs)) return { do: 'inquire' };
  return askAt(askedAtMs + pauseMs, nowMs);
}

function isInquiryDue({ reloads, inquiry }: Proof, nowMs: number, { inquire }: ProofOptions): boolean {
  if (!inquire || reloads.delivered < reloadsBeforeInquiry || inquiry?.found.kind === 'unavailable') return false;
  return (inquiry?.delivered ?? 0) < reloads.delivered && nowMs >= reloads.lastAtMs + inquireAfterMs;
}

function resendAtMs({ reloads: { count, lastAtMs } }: Proof): number {
  return lastAtMs + Math.min(firstResendMs * 2 ** (count - 1), maxPauseMs);
}

function askAt(dueMs: number, nowMs: number): Step {
  return nowMs >= dueMs ? askOnce : { do: 'wait', ms: dueMs - nowMs };
}

/**
 * The time limit of one request. Short at first: while Docker sets up a container's network, connections are lost, and
 * TCP retries only after a second.
 */
export function askTimeoutMs(proof: Proof, nowMs: number): number {
  const sinceMs = Math.min(proof.silent?.sinceMs ?? nowMs, proof.mismatch?.sinceMs ?? nowMs);
  const silentMs = nowMs - sinceMs;
  return Math.round(Math.min(shortestAskMs + silentMs / 2, longestAskMs));
}
