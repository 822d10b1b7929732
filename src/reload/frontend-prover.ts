// In: the published generation of each instance, and its running frontends.
// Out: reloads of nginx until each frontend serves that generation, and how far each frontend is.

import type { Repeat } from '../util/error-boundary.ts';
import { startDeadline } from '../util/deadline.ts';
import { errorOf } from '../util/error-message.ts';
import type { GenerationAnswer } from './generation-probe.ts';
import {
  aimAt,
  disarm,
  doubt,
  newProof,
  noteAnswer,
  noteInquiry,
  noteOvertakenReload,
  noteRival,
  noteRivalSearch,
  noteReload,
  noteVisits,
  relocate,
} from './proof.ts';
import { askTimeoutMs, nextStep } from './next-step.ts';
import type { Proof, ProofOptions, Target } from './proof.ts';
import type { Entrance } from './visitor-probe.ts';
import type { VisitorAnswer } from './visitor-probe.ts';
import { Refusal, UnsafeSignal } from './ways/way.ts';
import type { ConnectedWay } from './ways/way.ts';
import { createPause } from '../util/interruptible-pause.ts';
import type { Pause } from '../util/interruptible-pause.ts';

/** A frontend container. */
export interface Frontend {
  readonly id: string;
  /** Differs after most starts. */
  readonly life: string;
  readonly name: string;
  readonly imageId: string;
  /** Runs and isn't about to stop, so it must serve the published file. */
  readonly running: boolean;
  /** `address:port` of the status server on each network. */
  readonly statusEndpoints: readonly string[];
  /** Belongs to another project than its instance. meet-gen doesn't wait for it, and ignores its verdicts. */
  readonly isForeign: boolean;
}

/** The I/O of a proof, provided by the composition root. */
export interface ProverPorts extends ConnectedWay {
  readonly ask: (endpoints: readonly string[], timeoutMs: number, signal: AbortSignal) => Promise<GenerationAnswer>;
  /** Sends a visitor's request, until the signal aborts. @param turn counts through the entrance's host names */
  readonly visit: (endpoint: string, entrance: Entrance, turn: number, signal: AbortSignal) => Promise<VisitorAnswer>;
  /** Describes the other server of this nginx that answers visitors; undefined if meet-gen can't find it. */
  readonly findRival: (frontend: Frontend, port: number, signal: AbortSignal) => Promise<string | undefined>;
  readonly nowMs: () => number;
  /** Runs the loop of a proof; reports and retries a step that throws. */
  readonly repeat: Repeat;
}

export interface FrontendProver {
  frontend(): Frontend;
  proof(): Proof;
  aim(target: Target): void;
  /** Drops the target: the instance has no published file. */
  disarm(): void;
  /** Takes the container's current name and addresses. */
  update(frontend: Frontend): void;
  /** Asks again, since a restart or another change may have gone unnoticed. */
  recheck(): void;
}

/** The state of one frontend's proof. */
interface Proving {
  readonly ports: ProverPorts;
  readonly options: ProofOptions;
  readonly onChange: (proof: Proof) => void;
  readonly signal: AbortSignal;
  readonly pause: Pause;
  frontend: Frontend;
  proof: Proof;
  /** The last proof that `onChange` received. */
  reported: Proof;
  /** The endpoint that last answered with a generation. */
  lastEndpoint: string | undefined;
  /** Number of visitor requests so far. */
  visits: number;
  /** Number of address changes: answers to earlier requests are void. */
  moves: number;
  /** Time of the first reload for the target, milliseconds since 1970. */
  firstSentAtMs: number;
}

/** Brings a frontend to its target until the signal aborts, and calls `onChange` with each new proof. */
export function startFrontendProver(
  first: Frontend,
  ports: ProverPorts,
  options: ProofOptions,
  onChange: (proof: Proof) => void,
  signal: AbortSignal,
): FrontendProver {
  const proof = newProof(ports.nowMs());
  const proving: Proving = {
    ports,
    options,
    onChange,
    signal,
    pause: createPause(signal),
    frontend: first,
    proof,
    reported: proof,
    lastEndpoint: undefined,
    visits: 0,
    moves: 0,
    firstSentAtMs: 0,
  };
  const change = (by: (known: Proof) => Proof): void => {
    fold(proving, by);
    proving.pause.wake();
  };
  ports.repeat(`the proof of ${first.name}`, () => takeStep(proving), signal);
  return {
    frontend: () => proving.frontend,
    proof: () => proving.proof,
    aim: (target) => change((known) => aimAt(known, target)),
    disarm: () => change(disarm),
    recheck: () => change(doubt),
    update(frontend) {
      const isSame = frontend.statusEndpoints.join() === proving.frontend.statusEndpoints.join();
      proving.frontend = frontend;
      // The address that answered last is still valid.
      if (isSame || knownEndpoint(proving) !== undefined) return;
      proving.moves += 1;
      change(relocate);
    },
  };
}

async function takeStep(proving: Proving): Promise<(() => Promise<void>) | undefined> {
  // A background search may have changed the proof since the last step.
  report(proving);
  const step = nextStep(proving.proof, proving.ports.nowMs(), proving.options);
  if (step.do === 'wait') return () => proving.pause.wait(step.ms);
  if (step.do === 'ask') await ask(proving, step.times);
  else if (step.do === 'visit') await visit(proving, step.times);
  else if (step.do === 'find-rival') {
    fold(proving, noteRivalSearch);
    // In the background: a new file must not wait for the search.
    void findRival(proving);
  } else if (step.do === 'inquire') await inquire(proving);
  else await requestReload(proving);
  return undefined;
}

function fold(proving: Proving, by: (proof: Proof) => Proof): void {
  proving.proof = by(proving.proof);
  report(proving);
}

/** As `fold`, unless a newer target has replaced `target`. */
function foldFor(proving: Proving, target: Target, by: (proof: Proof) => Proof): void {
  fold(proving, (known) => (known.target === target ? by(known) : known));
}

function report(proving: Proving): void {
  const { proof, reported, onChange } = proving;
  if (reported === proof) return;
  onChange(proof);
  proving.reported = proof;
}

/** The endpoint that answered last, if the frontend still has it. */
function knownEndpoint({ lastEndpoint, frontend }: Proving): string | undefined {
  return lastEndpoint !== undefined && frontend.statusEndpoints.includes(lastEndpoint) ? lastEndpoint : undefined;
}

/** Asks at the address that answered last, and at all addresses if that fails. */
async function askOnce(proving: Proving, timeoutMs: number): Promise<GenerationAnswer> {
  const { ports, signal, frontend } = proving;
  const endpoint = knownEndpoint(proving);
  if (endpoint !== undefined) {
    const answer = await ports.ask([endpoint], timeoutMs, signal);
    if (answer.kind === 'generation') return answer;
  }
  const answer = await ports.ask(frontend.statusEndpoints, timeoutMs, signal);
  proving.lastEndpoint = answer.kind === 'generation' ? answer.endpoint : undefined;
  return answer;
}

/** Asks several times at once: parallel requests reach more of nginx's workers, and cost the host less. */
async function ask(proving: Proving, times: number): Promise<void> {
  const { ports, proof, moves, signal } = proving;
  const timeoutMs = askTimeoutMs(proof, ports.nowMs());
  const answers = await Promise.all(Array.from({ length: times }, () => askOnce(proving, timeoutMs)));
  const nowMs = ports.nowMs();
  if (signal.aborted || proving.moves !== moves) return;
  fold(proving, (known) => answers.reduce((noted, answer) => noteAnswer(noted, answer, nowMs), known));
}

async function visit(proving: Proving, times: number): Promise<void> {
  const { ports, proof, moves, signal } = proving;
  const { target } = proof;
  const endpoint = knownEndpoint(proving);
  // Another container may have the address now, so the status port confirms it first.
  if (target?.entrance === undefined || endpoint === undefined) return ask(proving, 1);
  const { entrance } = target;
  // One deadline for all requests: a deadline costs as much as a request.
  const deadline = startDeadline(askTimeoutMs(proof, ports.nowMs()), signal);
  const asked = Array.from({ length: times }, () => ports.visit(endpoint, entrance, proving.visits++, deadline.signal));
  const answers = await Promise.all(asked).finally(deadline.done);
  if (signal.aborted || proving.moves !== moves) return;
  foldFor(proving, target, (known) => noteVisits(known, answers, ports.nowMs()));
}

async function findRival(proving: Proving): Promise<void> {
  const { ports, frontend, signal } = proving;
  const port = proving.proof.target?.entrance?.port;
  // meet-gen runs no command in another project's container.
  const mayLook = port !== undefined && !frontend.isForeign;
  const rival = mayLook ? await ports.findRival(frontend, port, signal).catch(() => undefined) : undefined;
  // The loop reports the rival, since only the loop catches errors.
  proving.proof = noteRival(proving.proof, rival);
  proving.pause.wake();
}

async function requestReload(proving: Proving): Promise<void> {
  const { ports, frontend, signal } = proving;
  const { target, reloads } = proving.proof;
  if (reloads.count === 0) proving.firstSentAtMs = ports.nowMs();
  const failure = await Promise.resolve(ports.reload?.(frontend, signal)).then(() => undefined, errorOf);
  if (signal.aborted || target === undefined) return;
  const nowMs = ports.nowMs();
  fold(proving, (known) => {
    if (known.target !== target) return failure instanceof Refusal ? known : noteOvertakenReload(known, target);
    if (!(failure instanceof Refusal)) return noteReload(known, nowMs, failure?.message, failure instanceof UnsafeSignal);
    // A refusal answers the inquiry, so the next inquiry follows the next reload.
    return noteInquiry(noteReload(known, nowMs), { kind: 'refused', words: failure.message }, nowMs);
  });
}

async function inquire(proving: Proving): Promise<void> {
  const { ports, frontend, firstSentAtMs, signal } = proving;
  const { target } = proving.proof;
  if (target === undefined) return;
  const found = (await ports.inquire?.(frontend, target, firstSentAtMs, signal)) ?? { kind: 'nothing' };
  if (!signal.aborted) foldFor(proving, target, (known) => noteInquiry(known, found, ports.nowMs()));
}
