import type { GenerationAnswer } from './generation-probe.ts';
import type { Entrance, VisitorAnswer } from './visitor-probe.ts';
import type { InquiryAnswer, ReloadWay } from './ways/way.ts';
import { defined } from '../util/defined.ts';

/** What a frontend is to serve. */
export interface Target {
  readonly generation: string;
  /** The file's SHA-256, in hex: by it the hook names what it refuses. */
  readonly sha256: string;
  /** When the file was written, milliseconds since 1970; 0 when it was there before us. */
  readonly writtenAtMs: number;
  /** Absent where a template of the operator's own has no such location: then the status port alone is asked. */
  readonly entrance?: Entrance;
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
  /** When the question began that `running` is the answer to: nginx may have reloaded since. */
  readonly seenAtMs?: number;
  /** Since when it doesn't answer, and why. */
  readonly silent?: { readonly sinceMs: number; readonly reason: string; readonly denied: boolean };
  /** The signals sent for the target (or the reloads by exec); `delivered` are those that were not refused on their way. */
  readonly reloads: {
    readonly count: number;
    readonly delivered: number;
    readonly firstAtMs: number;
    readonly lastAtMs: number;
    readonly failure?: string;
  };
  /** What was found out about why the target isn't served. */
  readonly inquiry?: Inquiry;
  /** When the target was answered first. */
  readonly servingAtMs?: number;
  /** How long the slowest answer took since there is this target. */
  readonly slowestAnswerMs?: number;
  /** How long after its signal the last reload was seen. */
  readonly reloadMs?: number;
  /** Answers in a row with the target, counted once the old workers have stopped accepting. */
  readonly settledAnswers: number;
  /** What visitors got instead of the target, until they got ten answers of the target in a row. */
  readonly mismatch?: Mismatch;
}

interface Mismatch {
  readonly sinceMs: number;
  readonly lastAtMs: number;
  /** The longer ago, the more seldom it is asked again. */
  readonly pacedFromMs: number;
  /** Whether another server answered, or nobody did. */
  readonly kind: 'other' | 'silent';
  readonly answer: string;
  /** The server that answers is being looked for. */
  readonly isRivalSearched?: true;
  /** Which server answers instead, in words; empty where that can't be seen, absent while nobody has looked. */
  readonly rival?: string;
}

/** Looking for nginx's own words, in the container's log or from the hook. */
interface Inquiry {
  readonly atMs: number;
  /** How many signals had been delivered by then. */
  readonly delivered: number;
  readonly found: InquiryAnswer;
}

export interface ProofOptions {
  readonly reloadedBy: ReloadWay['reloadedBy'];
  /** Whether nginx's words may be looked for. */
  readonly inquire: boolean;
  readonly verifyTimeoutMs: number;
}

/**
 * nginx's old workers go on accepting for about 100 ms after the first new answer; on a host that has little time for them until
 * they have had some, which shows in answers that are slow (docs/decisions).
 */
const settleMs = 150;
const settleAnswers = 8;
const longestSettleMs = 2000;
const answersUntilLive = 10;
const noReloads = { count: 0, delivered: 0, firstAtMs: 0, lastAtMs: 0 };

export function newProof(nowMs: number): Proof {
  return { foundAtMs: nowMs, reloads: noReloads, settledAnswers: 0 };
}

/** The proof with a new target; the same generation again changes nothing. */
export function aimAt(proof: Proof, target: Target): Proof {
  const before = proof.target;
  if (before?.generation === target.generation) return proof;
  const { servingAtMs: _, slowestAnswerMs: __, inquiry, ...rest } = proof;
  // That its words can't be read will stay so.
  const { mismatch, ...others } = inquiry?.found.kind === 'unavailable' ? { ...rest, inquiry } : rest;
  const shadow = target.entrance === undefined ? undefined : knownShadow(mismatch);
  const kept = shadow === undefined ? others : { ...others, mismatch: { ...shadow, pacedFromMs: shadow.lastAtMs } };
  const next = { ...kept, target, reloads: noReloads, settledAnswers: 0 };
  // A reload that is still under way may bring the older file: what is answered now proves nothing, so it is told again.
  const overtaken = proof.reloads.count > 0 && proof.running !== before?.generation ? before : undefined;
  if (overtaken === undefined && proof.running === target.generation) return { ...next, servingAtMs: target.writtenAtMs };
  // The way to reload has failed until a reload succeeds, whichever file is the newest.
  const reloads = { ...noReloads, ...defined({ failure: proof.reloads.failure }) };
  return { ...next, reloads, ...(overtaken === undefined ? {} : { running: overtaken.generation }) };
}

/** The proof when there is nothing to be served any more: whatever it serves, it is left alone. */
export function disarm(proof: Proof): Proof {
  const { target: _, servingAtMs: __, slowestAnswerMs: ___, inquiry: ____, mismatch: _____, ...kept } = proof;
  return { ...kept, reloads: noReloads, settledAnswers: 0 };
}

/** The proof after an answer, or none. */
export function noteAnswer(proof: Proof, answer: GenerationAnswer, nowMs: number): Proof {
  const { silent, running: _, doubtful: __, ...kept } = proof;
  if (answer.kind !== 'generation') {
    const denied = answer.kind === 'denied';
    const reason = denied ? 'its status server answers, but refuses meet-gen' : answer.reason;
    return { ...kept, askedAtMs: nowMs, settledAnswers: 0, silent: { sinceMs: silent?.sinceMs ?? nowMs, reason, denied } };
  }
  const { generation: running, nginxVersion, tookMs } = answer;
  const slowestAnswerMs = Math.max(proof.slowestAnswerMs ?? 0, tookMs);
  const next = { ...kept, askedAtMs: nowMs, seenAtMs: nowMs - tookMs, running, nginxVersion, slowestAnswerMs };
  if (running !== proof.target?.generation) {
    const { mismatch, ...others } = next;
    const shadow = knownShadow(mismatch);
    return { ...others, settledAnswers: 0, ...defined({ mismatch: shadow }) };
  }
  const servingAtMs = proof.servingAtMs ?? nowMs;
  const isFirst = proof.servingAtMs === undefined && proof.reloads.count === 1;
  const reloadMs = isFirst ? nowMs - proof.reloads.lastAtMs : proof.reloadMs;
  return {
    ...next,
    ...defined({ reloadMs }),
    servingAtMs,
    settledAnswers: proof.target.entrance === undefined ? settledAnswersOf({ ...next, servingAtMs }, 1, nowMs) : proof.settledAnswers,
  };
}

/** @param more answers with the target that came by now */
function settledAnswersOf(proof: Proof, more: number, nowMs: number): number {
  return nowMs >= settledAtMsOf(proof, nowMs) ? proof.settledAnswers + more : 0;
}

/** The proof after it was asked as visitors ask. Whatever they got, it is no reason to signal: that is up to the status port. */
export function noteVisits(proof: Proof, answers: readonly VisitorAnswer[], nowMs: number): Proof {
  const misses = answers.flatMap((answer) => (answer.kind === 'target' ? [] : answer));
  const miss = misses.find(({ kind }) => kind === 'other') ?? misses[0];
  if (miss !== undefined) return { ...proof, settledAnswers: 0, doubtful: true, mismatch: noteMismatch(proof.mismatch, miss, nowMs) };
  const { doubtful: _, mismatch, ...kept } = proof;
  const slowestAnswerMs = Math.max(
    proof.slowestAnswerMs ?? 0,
    ...answers.flatMap((answer) => (answer.kind === 'target' ? answer.tookMs : [])),
  );
  const settledAnswers = settledAnswersOf({ ...kept, slowestAnswerMs }, answers.length, nowMs);
  const isOver = proof.target !== undefined && settledAnswers >= answersNeeded(proof.target);
  return { ...kept, slowestAnswerMs, settledAnswers, ...(mismatch === undefined || isOver ? {} : { mismatch }) };
}

/** What visitors missed of one file says nothing of the next, unless it was found that another server answers them. */
function knownShadow(mismatch: Mismatch | undefined): Mismatch | undefined {
  return mismatch?.isRivalSearched === true ? mismatch : undefined;
}

/** Silence after another server's answer is that server's, too; before it, it says nothing about one. */
function noteMismatch(before: Mismatch | undefined, { kind, answer }: Pick<Mismatch, 'kind' | 'answer'>, nowMs: number): Mismatch {
  if (before?.kind === 'other' && kind === 'silent') return { ...before, lastAtMs: nowMs };
  const sinceMs = before?.kind === kind ? before.sinceMs : nowMs;
  return { ...before, kind, sinceMs, lastAtMs: nowMs, pacedFromMs: before?.pacedFromMs ?? nowMs, answer };
}

/** The proof while the server that answers instead is being looked for. */
export function noteRivalSearch(proof: Proof): Proof {
  return proof.mismatch === undefined ? proof : { ...proof, mismatch: { ...proof.mismatch, isRivalSearched: true } };
}

/** The proof after it was looked for the server that answers instead; undefined where none can be seen. */
export function noteRival(proof: Proof, rival: string | undefined): Proof {
  return proof.mismatch === undefined ? proof : { ...proof, mismatch: { ...proof.mismatch, rival: rival ?? '' } };
}

/** The proof after it was asked why the target isn't served. */
export function noteInquiry(proof: Proof, found: InquiryAnswer, nowMs: number): Proof {
  // What it said of an earlier signal holds.
  const kept = found.kind === 'nothing' && proof.inquiry?.found.kind === 'refused' ? proof.inquiry.found : found;
  return { ...proof, inquiry: { atMs: nowMs, delivered: proof.reloads.delivered, found: kept } };
}

/** The proof after a signal was sent; `failure` says why it could not be. */
export function noteReload(proof: Proof, nowMs: number, failure?: string): Proof {
  const { count, delivered, firstAtMs } = proof.reloads;
  return {
    ...proof,
    askedAtMs: nowMs,
    reloads: {
      count: count + 1,
      delivered: failure === undefined ? delivered + 1 : delivered,
      firstAtMs: count === 0 ? nowMs : firstAtMs,
      lastAtMs: nowMs,
      ...defined({ failure }),
    },
  };
}

/** The proof after a signal for a target that was overtaken meanwhile: nginx may be reading the older file. */
export function noteOvertakenReload(proof: Proof, overtaken: Target): Proof {
  return proof.target?.generation === overtaken.generation ? proof : { ...proof, running: overtaken.generation };
}

/** The proof when the frontend may have changed unseen (a gap in the events): it is asked again, at once. */
export function doubt(proof: Proof): Proof {
  const { askedAtMs: _, ...kept } = proof;
  return { ...kept, doubtful: true };
}

/** The proof when the frontend is at other addresses: what was silent may answer there. */
export function relocate(proof: Proof): Proof {
  const { silent: _, mismatch: __, ...kept } = doubt(proof);
  return kept;
}

/** Each of the visitors' names is asked for. */
export function answersNeeded({ entrance }: Target): number {
  return Math.max(answersUntilLive, entrance?.hosts.length ?? 0);
}

/** When its old workers have stopped accepting, if its first answer with the target is no later than now. */
export function settledAtMsOf({ servingAtMs, slowestAnswerMs = 0 }: Pick<Proof, 'servingAtMs' | 'slowestAnswerMs'>, nowMs: number): number {
  return (servingAtMs ?? nowMs) + Math.max(settleMs, Math.min(slowestAnswerMs * settleAnswers, longestSettleMs));
}

/** Whether it is up to us to make nginx reload. */
export function sendsReloads({ reloadedBy }: Pick<ProofOptions, 'reloadedBy'>): boolean {
  return reloadedBy === 'meet-gen';
}

/** Since when somebody else could have made it reload. */
export function reloadPossibleSinceMs({ target, foundAtMs }: Proof): number {
  return Math.max(target?.writtenAtMs ?? 0, foundAtMs);
}
