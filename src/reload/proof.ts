import type { GenerationAnswer } from './generation-probe.ts';
import type { Entrance, VisitorAnswer } from './visitor-probe.ts';
import type { InquiryAnswer, ReloadWay } from './ways/way.ts';
import { defined } from '../util/defined.ts';

/** The published file that a frontend must serve. */
export interface Target {
  readonly generation: string;
  /** The file's SHA-256 in hex; the hook names a refused file by it. */
  readonly sha256: string;
  /** Time of writing, milliseconds since 1970; 0 if meet-gen found the file at its start. */
  readonly writtenAtMs: number;
  /** Absent if the operator's template lacks this location; then meet-gen asks only the status port. */
  readonly entrance?: Entrance;
}

/** Everything known about one frontend and its target. Times are milliseconds since 1970. */
export interface Proof {
  readonly foundAtMs: number;
  readonly target?: Target;
  /** The generation in nginx's last answer, `none` if nginx has read no file; absent while unknown. */
  readonly running?: string;
  readonly nginxVersion?: string;
  /** `running` may be outdated. */
  readonly doubtful?: boolean;
  readonly askedAtMs?: number;
  /** Start of the request that `running` answers: nginx may have reloaded since. */
  readonly seenAtMs?: number;
  /** Set while the frontend doesn't answer. */
  readonly silent?: { readonly sinceMs: number; readonly reason: string; readonly denied: boolean };
  /** The reloads requested for the target, by signal or exec; `delivered` is the number that reached the container. */
  readonly reloads: {
    readonly count: number;
    readonly delivered: number;
    readonly firstAtMs: number;
    readonly lastAtMs: number;
    /** Why the last request was not sent. */
    readonly failure?: string;
    /** A signal would have ended the frontend's restart policy. */
    readonly isUnsafe?: true;
  };
  /** Why the target isn't served, as far as meet-gen could find out. */
  readonly inquiry?: Inquiry;
  /** Time of the first answer with the target. */
  readonly servingAtMs?: number;
  /** Duration of the slowest answer for this target. */
  readonly slowestAnswerMs?: number;
  /** Time from the last reload request to its first visible effect. */
  readonly reloadMs?: number;
  /** Answers in a row with the target, counted after the old workers have stopped accepting. */
  readonly settledAnswers: number;
  /** The answers to visitors instead of the target; cleared by ten answers in a row with the target. */
  readonly mismatch?: Mismatch;
}

interface Mismatch {
  readonly sinceMs: number;
  readonly lastAtMs: number;
  /** The time since then sets the pause between requests: longer and longer. */
  readonly pacedFromMs: number;
  /** Whether another server answered, or no server. */
  readonly kind: 'other' | 'silent';
  readonly answer: string;
  /** The search for the answering server has started. */
  readonly isRivalSearched?: true;
  /** Describes the server that answers instead; empty if the search found none, absent before a search. */
  readonly rival?: string;
}

/** A search for nginx's own words, in the container's log or from the hook. */
interface Inquiry {
  readonly atMs: number;
  /** Reloads delivered by then. */
  readonly delivered: number;
  readonly found: InquiryAnswer;
}

export interface ProofOptions {
  readonly reloadedBy: ReloadWay['reloadedBy'];
  /** Whether meet-gen can read nginx's words. */
  readonly inquire: boolean;
  readonly verifyTimeoutMs: number;
}

/**
 * nginx's old workers go on accepting for about 100 ms after the first new answer. A busy host makes them slower, and
 * answers slower too, so the slowest answer scales this time (docs/decisions/slow-answers-delay-live.md).
 */
const settleMs = 150;
const settleAnswers = 8;
const longestSettleMs = 2000;
const answersUntilLive = 10;
const noReloads = { count: 0, delivered: 0, firstAtMs: 0, lastAtMs: 0 };

export function newProof(nowMs: number): Proof {
  return { foundAtMs: nowMs, reloads: noReloads, settledAnswers: 0 };
}

/** The proof with a new target; unchanged if the generation is the same. */
export function aimAt(proof: Proof, target: Target): Proof {
  const before = proof.target;
  if (before?.generation === target.generation) return proof;
  const { servingAtMs: _, slowestAnswerMs: __, inquiry, ...rest } = proof;
  // Unreadable words stay unreadable, so this is kept.
  const { mismatch, ...others } = inquiry?.found.kind === 'unavailable' ? { ...rest, inquiry } : rest;
  const shadow = target.entrance === undefined ? undefined : knownShadow(mismatch);
  const kept = shadow === undefined ? others : { ...others, mismatch: { ...shadow, pacedFromMs: shadow.lastAtMs } };
  const next = { ...kept, target, reloads: noReloads, settledAnswers: 0 };
  // A running reload may still bring the older file: the current answers prove nothing, so nginx must reload again.
  const overtaken = proof.reloads.count > 0 && proof.running !== before?.generation ? before : undefined;
  if (overtaken === undefined && proof.running === target.generation) return { ...next, servingAtMs: target.writtenAtMs };
  // A failure of the reload way isn't about a file: it lasts until a reload succeeds.
  const { failure, isUnsafe } = proof.reloads;
  const reloads = { ...noReloads, ...defined({ failure, isUnsafe }) };
  return { ...next, reloads, ...(overtaken === undefined ? {} : { running: overtaken.generation }) };
}

/** The proof without a target: meet-gen leaves the frontend alone. */
export function disarm(proof: Proof): Proof {
  const { target: _, servingAtMs: __, slowestAnswerMs: ___, inquiry: ____, mismatch: _____, ...kept } = proof;
  return { ...kept, reloads: noReloads, settledAnswers: 0 };
}

/** The proof after a request to the status port. */
export function noteAnswer(proof: Proof, answer: GenerationAnswer, nowMs: number): Proof {
  const { silent, running: _, doubtful: __, ...kept } = proof;
  if (answer.kind !== 'generation') {
    const denied = answer.kind === 'denied';
    const reason = denied ? 'its status server refuses meet-gen' : answer.reason;
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

/** @param more new answers with the target */
function settledAnswersOf(proof: Proof, more: number, nowMs: number): number {
  return nowMs >= settledAtMsOf(proof, nowMs) ? proof.settledAnswers + more : 0;
}

/** The proof after visitors' requests. These never cause a reload: only the status port decides that. */
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

/** A mismatch is about one file, unless a search showed that another server answers visitors. */
function knownShadow(mismatch: Mismatch | undefined): Mismatch | undefined {
  return mismatch?.isRivalSearched === true ? mismatch : undefined;
}

/** Silence after another server's answer counts as that server's. Silence before it starts its own period. */
function noteMismatch(before: Mismatch | undefined, { kind, answer }: Pick<Mismatch, 'kind' | 'answer'>, nowMs: number): Mismatch {
  if (before?.kind === 'other' && kind === 'silent') return { ...before, lastAtMs: nowMs };
  const sinceMs = before?.kind === kind ? before.sinceMs : nowMs;
  return { ...before, kind, sinceMs, lastAtMs: nowMs, pacedFromMs: before?.pacedFromMs ?? nowMs, answer };
}

/** The proof during the search for the server that answers instead. */
export function noteRivalSearch(proof: Proof): Proof {
  return proof.mismatch === undefined ? proof : { ...proof, mismatch: { ...proof.mismatch, isRivalSearched: true } };
}

/** The proof after that search. @param rival undefined if the search found no server */
export function noteRival(proof: Proof, rival: string | undefined): Proof {
  return proof.mismatch === undefined ? proof : { ...proof, mismatch: { ...proof.mismatch, rival: rival ?? '' } };
}

/** The proof after an inquiry why nginx doesn't serve the target. */
export function noteInquiry(proof: Proof, found: InquiryAnswer, nowMs: number): Proof {
  // A refusal that an earlier reload caused still holds.
  const kept = found.kind === 'nothing' && proof.inquiry?.found.kind === 'refused' ? proof.inquiry.found : found;
  return { ...proof, inquiry: { atMs: nowMs, delivered: proof.reloads.delivered, found: kept } };
}

/**
 * The proof after a reload request.
 * @param failure why it was not sent
 * @param isUnsafe a signal would have ended the frontend's restart policy
 */
export function noteReload(proof: Proof, nowMs: number, failure?: string, isUnsafe = false): Proof {
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
      ...(isUnsafe ? { isUnsafe } : {}),
    },
  };
}

/** The proof after a reload for an outdated target: nginx may be reading the older file. */
export function noteOvertakenReload(proof: Proof, overtaken: Target): Proof {
  return proof.target?.generation === overtaken.generation ? proof : { ...proof, running: overtaken.generation };
}

/** The proof after a gap in the events: the frontend is asked again immediately, and a failed reload is due again. */
export function doubt(proof: Proof): Proof {
  const { askedAtMs: _, ...kept } = proof;
  const { reloads } = proof;
  return { ...kept, doubtful: true, reloads: reloads.failure === undefined ? reloads : { ...reloads, lastAtMs: 0 } };
}

/** The proof after the frontend's addresses changed: the new addresses may answer. */
export function relocate(proof: Proof): Proof {
  const { silent: _, mismatch: __, ...kept } = doubt(proof);
  return kept;
}

/** At least one answer for each host name. */
export function answersNeeded({ entrance }: Target): number {
  return Math.max(answersUntilLive, entrance?.hosts.length ?? 0);
}

/** When the old workers have stopped accepting, counted from the first answer with the target. */
export function settledAtMsOf({ servingAtMs, slowestAnswerMs = 0 }: Pick<Proof, 'servingAtMs' | 'slowestAnswerMs'>, nowMs: number): number {
  return (servingAtMs ?? nowMs) + Math.max(settleMs, Math.min(slowestAnswerMs * settleAnswers, longestSettleMs));
}

/** Whether meet-gen itself makes nginx reload, rather than the hook or an operator. */
export function sendsReloads({ reloadedBy }: Pick<ProofOptions, 'reloadedBy'>): boolean {
  return reloadedBy === 'meet-gen';
}

/** Since when the hook or an operator could have reloaded nginx for the target. */
export function reloadPossibleSinceMs({ target, foundAtMs }: Proof): number {
  return Math.max(target?.writtenAtMs ?? 0, foundAtMs);
}
