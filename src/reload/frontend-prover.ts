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
import { Refusal } from './ways/way.ts';
import type { ConnectedWay } from './ways/way.ts';
import { createPause } from './interruptible-pause.ts';
import type { Pause } from './interruptible-pause.ts';

/** A frontend container. */
export interface Frontend {
  readonly id: string;
  /** Another one after each start. */
  readonly life: string;
  readonly name: string;
  readonly imageId: string;
  /** It runs and is not about to stop, so it is to serve what is published. */
  readonly running: boolean;
  /** `address:port` of its status server on each of its networks. */
  readonly statusEndpoints: readonly string[];
  /** Of another project than its instance's: nobody waits for it, and what it says of a file counts for nothing. */
  readonly isForeign: boolean;
}

/** What proving needs from outside; the pipeline's composition provides it. */
export interface ProverPorts extends ConnectedWay {
  readonly ask: (endpoints: readonly string[], timeoutMs: number, signal: AbortSignal) => Promise<GenerationAnswer>;
  /** Asks as a visitor would, until the signal aborts. @param turn which of the entrance's names is asked for, in turn */
  readonly visit: (endpoint: string, entrance: Entrance, turn: number, signal: AbortSignal) => Promise<VisitorAnswer>;
  /** Looks which other server of its nginx answers visitors, in words; undefined where that can't be seen. */
  readonly findRival: (frontend: Frontend, port: number, signal: AbortSignal) => Promise<string | undefined>;
  readonly nowMs: () => number;
  /** Runs the loop of a proof; a step that throws is reported and retried. */
  readonly repeat: Repeat;
}

export interface FrontendProver {
  frontend(): Frontend;
  proof(): Proof;
  aim(target: Target): void;
  /** There is nothing to be served any more. */
  disarm(): void;
  /** The same container, seen again: its name or addresses may have changed. */
  update(frontend: Frontend): void;
  /** It may have been restarted, or a change may have been missed: ask again. */
  recheck(): void;
}

/** One frontend on its way to its target: what it is asked with, and what changes. */
interface Proving {
  readonly ports: ProverPorts;
  readonly options: ProofOptions;
  readonly onChange: (proof: Proof) => void;
  readonly signal: AbortSignal;
  readonly pause: Pause;
  frontend: Frontend;
  proof: Proof;
  /** The proof that `onChange` heard of last. */
  reported: Proof;
  /** The endpoint that told the generation last. */
  lastEndpoint: string | undefined;
  /** How often it was asked as a visitor asks. */
  visits: number;
  /** How often it moved: what was asked before says nothing about it now. */
  moves: number;
  /** When the first reload for the target was sent, milliseconds since 1970. */
  firstSentAtMs: number;
}

/** Brings one frontend to its target, step by step, until the signal aborts; `onChange` hears of every step. */
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
      // Where it told last it is still.
      if (isSame || knownEndpoint(proving) !== undefined) return;
      proving.moves += 1;
      change(relocate);
    },
  };
}

async function takeStep(proving: Proving): Promise<(() => Promise<void>) | undefined> {
  // What could not be reported when it happened.
  report(proving);
  const step = nextStep(proving.proof, proving.ports.nowMs(), proving.options);
  if (step.do === 'wait') return () => proving.pause.wait(step.ms);
  if (step.do === 'ask') await ask(proving, step.times);
  else if (step.do === 'visit') await visit(proving, step.times);
  else if (step.do === 'find-rival') {
    fold(proving, noteRivalSearch);
    // A new file must not wait for it.
    void findRival(proving);
  } else if (step.do === 'inquire') await inquire(proving);
  else await requestReload(proving);
  return undefined;
}

function fold(proving: Proving, by: (proof: Proof) => Proof): void {
  proving.proof = by(proving.proof);
  report(proving);
}

/** The same, for what is known about a target that may have been overtaken meanwhile. */
function foldFor(proving: Proving, target: Target, by: (proof: Proof) => Proof): void {
  fold(proving, (known) => (known.target === target ? by(known) : known));
}

function report(proving: Proving): void {
  const { proof, reported, onChange } = proving;
  if (reported === proof) return;
  onChange(proof);
  proving.reported = proof;
}

/** The endpoint that told last, while the frontend has it. */
function knownEndpoint({ lastEndpoint, frontend }: Proving): string | undefined {
  return lastEndpoint !== undefined && frontend.statusEndpoints.includes(lastEndpoint) ? lastEndpoint : undefined;
}

/** At the address that told last time, and at all of them only where that one doesn't any more. */
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

/** Several times at once, where it may: so they reach more of nginx's workers, and cost the host less. */
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
  // Another container may have the address by now: the status port tells where this one is.
  if (target?.entrance === undefined || endpoint === undefined) return ask(proving, 1);
  const { entrance } = target;
  // One for all of them: a deadline costs as much as a question.
  const deadline = startDeadline(askTimeoutMs(proof, ports.nowMs()), signal);
  const asked = Array.from({ length: times }, () => ports.visit(endpoint, entrance, proving.visits++, deadline.signal));
  const answers = await Promise.all(asked).finally(deadline.done);
  if (signal.aborted || proving.moves !== moves) return;
  foldFor(proving, target, (known) => noteVisits(known, answers, ports.nowMs()));
}

async function findRival(proving: Proving): Promise<void> {
  const { ports, frontend, signal } = proving;
  const port = proving.proof.target?.entrance?.port;
  // In a stranger's container nothing is run.
  const mayLook = port !== undefined && !frontend.isForeign;
  const rival = mayLook ? await ports.findRival(frontend, port, signal).catch(() => undefined) : undefined;
  // The loop reports it, where an error is caught.
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
    if (!(failure instanceof Refusal)) return noteReload(known, nowMs, failure?.message);
    // A refusal is an answer: the next one is asked for as late as the next signal.
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
