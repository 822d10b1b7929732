import type { GenerationAnswer } from './generation-probe.ts';

/** What a frontend is to serve. */
export interface Target {
  readonly generation: string;
  /** When the file was written, milliseconds since 1970; 0 when it was there before us. */
  readonly writtenAtMs: number;
}

/** All that is known about one frontend on its way to its target. Times are milliseconds since 1970. */
export interface Proof {
  readonly foundAtMs: number;
  readonly target?: Target;
  /** The generation that nginx answered last, `none` before it has read any; absent while that isn't known. */
  readonly running?: string;
  readonly nginxVersion?: string;
  /** What it runs may have changed unseen. */
  readonly doubtful?: boolean;
  readonly askedAtMs?: number;
  /** Since when it doesn't answer, and why. */
  readonly silent?: { readonly sinceMs: number; readonly reason: string; readonly denied: boolean };
  /** The signals sent for the target. */
  readonly signals: { readonly count: number; readonly firstAtMs: number; readonly lastAtMs: number; readonly failure?: string };
  /** When the target was answered first. */
  readonly servingAtMs?: number;
  /** Answers in a row with the target, counted once the old workers have stopped accepting. */
  readonly settledAnswers: number;
}

export type Step = { readonly do: 'ask' } | { readonly do: 'signal' } | { readonly do: 'wait'; readonly ms: number };

export interface ProofOptions {
  /** Without signals (`--reload none`) somebody else makes nginx reload; we only look. */
  readonly signals: boolean;
  readonly verifyTimeoutMs: number;
}

/**
 * How far a frontend is: `asking` (not known yet), `reloading` (told, not seen yet), `serving` (has answered with the
 * target), `live` (only the target answers), `pending` (goes on with another), `unverified` (does not answer).
 */
export type ProofPhase = 'asking' | 'reloading' | 'serving' | 'live' | 'pending' | 'unverified';

/** nginx's old workers go on accepting for about 100 ms after the first new answer. */
const settleMs = 150;
const answersUntilLive = 10;
const shortestAskMs = 150;
const longestAskMs = 1000;
const firstPollMs = 3;
const maxPollMs = 50;
const maxPendingPollMs = 1000;
const startingPollMs = 25;
const firstResendMs = 500;
const maxPauseMs = 30_000;
const noSignals = { count: 0, firstAtMs: 0, lastAtMs: 0 };

export function newProof(nowMs: number): Proof {
  return { foundAtMs: nowMs, signals: noSignals, settledAnswers: 0 };
}

/** Decides what to do next for a frontend. Asked first, signalled only when it differs, signalled again with back-off. */
export function nextStep(proof: Proof, nowMs: number, options: ProofOptions): Step {
  const { target } = proof;
  if (target === undefined) return { do: 'wait', ms: maxPauseMs };
  if (proof.running === undefined) return stepInTheDark(proof, target, nowMs, options);
  if (proof.doubtful === true) return { do: 'ask' };
  if (proof.running !== target.generation) return stepTowards(proof, nowMs, options);
  if (proof.settledAnswers >= answersUntilLive) return { do: 'wait', ms: maxPauseMs };
  const settledAtMs = (proof.servingAtMs ?? nowMs) + settleMs;
  return nowMs < settledAtMs ? { do: 'wait', ms: settledAtMs - nowMs } : { do: 'ask' };
}

/**
 * It doesn't tell: a fresh one is asked until it does (a signal in its first moments can kill it); one that has been there
 * for long, or that refuses us and so is up, is signalled blindly.
 */
function stepInTheDark(proof: Proof, target: Target, nowMs: number, options: ProofOptions): Step {
  const silentMs = proof.silent === undefined ? 0 : nowMs - proof.silent.sinceMs;
  const mayHaveReadAnOlderFile = target.writtenAtMs > proof.foundAtMs;
  const isUp = proof.silent?.denied === true || silentMs >= options.verifyTimeoutMs;
  const isDue = proof.signals.count === 0 || (proof.signals.failure !== undefined && nowMs >= resendAtMs(proof));
  if (isUp && options.signals && isDue && mayHaveReadAnOlderFile) return { do: 'signal' };
  const waitedMs = proof.signals.count === 0 ? silentMs : Math.min(silentMs, nowMs - proof.signals.lastAtMs);
  const pauseMs = waitedMs < options.verifyTimeoutMs ? startingPollMs : Math.min(waitedMs / 4, maxPauseMs);
  return askAt((proof.askedAtMs ?? 0) + pauseMs, nowMs);
}

/** It serves another configuration: signal, poll tightly at first, signal again when that had no effect. */
function stepTowards(proof: Proof, nowMs: number, options: ProofOptions): Step {
  const { count, firstAtMs, lastAtMs } = proof.signals;
  if (!options.signals) return askAt((proof.askedAtMs ?? 0) + options.verifyTimeoutMs, nowMs);
  if (count === 0) return { do: 'signal' };
  if (nowMs >= resendAtMs(proof)) return { do: 'signal' };
  const longestMs = nowMs - firstAtMs < options.verifyTimeoutMs ? maxPollMs : maxPendingPollMs;
  const pollMs = Math.min(Math.max(firstPollMs, (nowMs - lastAtMs) / 10), longestMs);
  return askAt(Math.min((proof.askedAtMs ?? 0) + pollMs, resendAtMs(proof)), nowMs);
}

function resendAtMs({ signals: { count, lastAtMs } }: Proof): number {
  return lastAtMs + Math.min(firstResendMs * 2 ** (count - 1), maxPauseMs);
}

function askAt(dueMs: number, nowMs: number): Step {
  return nowMs >= dueMs ? { do: 'ask' } : { do: 'wait', ms: dueMs - nowMs };
}

/**
 * How long an answer is waited for. Short at first: a connection to a container whose network is just being set up is
 * lost, and TCP itself tries again only after a second.
 */
export function askTimeoutMs(proof: Proof, nowMs: number): number {
  const silentMs = proof.silent === undefined ? 0 : nowMs - proof.silent.sinceMs;
  return Math.round(Math.min(shortestAskMs + silentMs / 2, longestAskMs));
}

/** The proof with a new target; the same generation again changes nothing. */
export function aimAt(proof: Proof, target: Target): Proof {
  const before = proof.target;
  if (before?.generation === target.generation) return proof;
  const { servingAtMs: _, ...kept } = proof;
  const next = { ...kept, target, signals: noSignals, settledAnswers: 0 };
  // A reload that is still under way may bring the older file: what is answered now proves nothing, so it is told again.
  if (before !== undefined && proof.signals.count > 0 && proof.running !== before.generation)
    return { ...next, running: before.generation };
  return proof.running === target.generation ? { ...next, servingAtMs: target.writtenAtMs } : next;
}

/** The proof after an answer, or none. */
export function noteAnswer(proof: Proof, answer: GenerationAnswer, nowMs: number): Proof {
  const { silent, running: _, doubtful: __, ...kept } = proof;
  if (answer.kind !== 'generation') {
    const denied = answer.kind === 'denied';
    const reason = denied ? 'its status server answers, but refuses meet-gen' : answer.reason;
    return { ...kept, askedAtMs: nowMs, settledAnswers: 0, silent: { sinceMs: silent?.sinceMs ?? nowMs, reason, denied } };
  }
  const next = { ...kept, askedAtMs: nowMs, running: answer.generation, nginxVersion: answer.nginxVersion };
  if (answer.generation !== proof.target?.generation) return { ...next, settledAnswers: 0 };
  const servingAtMs = proof.servingAtMs ?? nowMs;
  return { ...next, servingAtMs, settledAnswers: nowMs >= servingAtMs + settleMs ? proof.settledAnswers + 1 : 0 };
}

/** The proof after a signal was sent; `failure` says why it could not be. */
export function noteSignal(proof: Proof, nowMs: number, failure?: string): Proof {
  const { count, firstAtMs } = proof.signals;
  return {
    ...proof,
    askedAtMs: nowMs,
    signals: {
      count: count + 1,
      firstAtMs: count === 0 ? nowMs : firstAtMs,
      lastAtMs: nowMs,
      ...(failure === undefined ? {} : { failure }),
    },
  };
}

/** The proof after a signal for a target that was overtaken meanwhile: nginx may be reading the older file. */
export function noteOvertakenSignal(proof: Proof, overtaken: Target): Proof {
  return proof.target?.generation === overtaken.generation ? proof : { ...proof, running: overtaken.generation };
}

/** The proof when the frontend may have changed unseen (a gap in the events): it is asked again, at once. */
export function doubt(proof: Proof): Proof {
  const { askedAtMs: _, ...kept } = proof;
  return { ...kept, doubtful: true };
}

/** The proof when the frontend is at other addresses: what was silent may answer there. */
export function relocate(proof: Proof): Proof {
  const { silent: _, ...kept } = doubt(proof);
  return kept;
}

/** How far it is, in a word. */
export function phaseOf(proof: Proof, nowMs: number, options: ProofOptions): ProofPhase {
  const { running, target, silent, signals } = proof;
  if (running === undefined) return silent !== undefined && nowMs - silent.sinceMs >= options.verifyTimeoutMs ? 'unverified' : 'asking';
  if (running === target?.generation) return proof.settledAnswers >= answersUntilLive ? 'live' : 'serving';
  if (signals.failure !== undefined) return 'pending';
  // Where somebody else makes it reload, their time counts from the file.
  const sinceMs = options.signals ? signals.firstAtMs : Math.max(target?.writtenAtMs ?? 0, proof.foundAtMs);
  const isTold = !options.signals || signals.count > 0;
  return isTold && nowMs - sinceMs >= options.verifyTimeoutMs ? 'pending' : 'reloading';
}
