import type { Repeat } from '../util/error-boundary.ts';
import { startDeadline } from '../util/deadline.ts';
import { errorOf } from '../util/error-message.ts';
import type { GenerationAnswer } from './generation-probe.ts';
import {
  aimAt,
  askTimeoutMs,
  disarm,
  doubt,
  newProof,
  nextStep,
  noteAnswer,
  noteInquiry,
  noteOvertakenSignal,
  noteRival,
  noteSearch,
  noteSignal,
  noteVisits,
  relocate,
} from './proof.ts';
import type { Proof, ProofOptions, Target } from './proof.ts';
import type { Entrance } from './visitor-probe.ts';
import type { VisitorAnswer } from './visitor-probe.ts';
import { Refusal } from './ways/way.ts';
import type { ConnectedWay } from './ways/way.ts';
import { createWake } from './wake.ts';

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
  meet(frontend: Frontend): void;
  /** It may have been restarted, or a change may have been missed: ask again. */
  recheck(): void;
}

/** Brings one frontend to its target, step by step, until the signal aborts; `onChange` hears of every step. */
export function startFrontendProver(
  first: Frontend,
  ports: ProverPorts,
  options: ProofOptions,
  onChange: (proof: Proof) => void,
  signal: AbortSignal,
): FrontendProver {
  const wake = createWake(signal);
  let firstSentAtMs = 0;
  let frontend = first;
  let telling: string | undefined;
  let visits = 0;
  /** How often it moved: what was asked before says nothing about it now. */
  let placings = 0;
  let proof = newProof(ports.nowMs());
  let told = proof;

  const tell = (): void => {
    if (told === proof) return;
    onChange(proof);
    told = proof;
  };
  const fold = (change: (proof: Proof) => Proof): void => {
    proof = change(proof);
    tell();
  };

  /** At the address that told last time, and at all of them only where that one doesn't any more. */
  const askOnce = async (timeoutMs: number): Promise<GenerationAnswer> => {
    const { statusEndpoints } = frontend;
    if (telling !== undefined && statusEndpoints.includes(telling)) {
      const answer = await ports.ask([telling], timeoutMs, signal);
      if (answer.kind === 'generation') return answer;
    }
    const answer = await ports.ask(statusEndpoints, timeoutMs, signal);
    telling = answer.kind === 'generation' ? answer.endpoint : undefined;
    return answer;
  };

  /** Several times at once, where it may: so they reach more of nginx's workers, and cost the host less. */
  const ask = async (times: number): Promise<void> => {
    const timeoutMs = askTimeoutMs(proof, ports.nowMs());
    const asPlaced = placings;
    const asked = Array.from({ length: times }, () => askOnce(timeoutMs));
    const answers = await Promise.all(asked);
    const nowMs = ports.nowMs();
    if (signal.aborted || placings !== asPlaced) return;
    fold((known) => answers.reduce((noted, answer) => noteAnswer(noted, answer, nowMs), known));
  };

  const visit = async (times: number): Promise<void> => {
    const { target } = proof;
    const endpoint = telling !== undefined && frontend.statusEndpoints.includes(telling) ? telling : undefined;
    // Another container may have the address by now: the status port tells where this one is.
    if (target?.entrance === undefined || endpoint === undefined) return ask(1);
    const { entrance } = target;
    const asPlaced = placings;
    // One for all of them: a deadline costs as much as a question.
    const deadline = startDeadline(askTimeoutMs(proof, ports.nowMs()), signal);
    const asked = Array.from({ length: times }, () => ports.visit(endpoint, entrance, visits++, deadline.signal));
    const answers = await Promise.all(asked).finally(deadline.done);
    if (signal.aborted || placings !== asPlaced) return;
    fold((known) => (known.target === target ? noteVisits(known, answers, ports.nowMs()) : known));
  };

  const findRival = async (): Promise<void> => {
    const port = proof.target?.entrance?.port;
    // In a stranger's container nothing is run.
    const mayLook = port !== undefined && !frontend.isForeign;
    const rival = mayLook ? await ports.findRival(frontend, port, signal).catch(() => undefined) : undefined;
    // The loop tells it, which bears an error there.
    proof = noteRival(proof, rival);
    wake.wake();
  };

  const sendSignal = async (): Promise<void> => {
    const target = proof.target;
    if (proof.signals.count === 0) firstSentAtMs = ports.nowMs();
    const failure = await Promise.resolve(ports.reload?.(frontend, signal)).then(() => undefined, errorOf);
    if (signal.aborted || target === undefined) return;
    if (failure instanceof Refusal) return fold((known) => (known.target === target ? takeRefusal(known, failure.message) : known));
    fold((known) => (known.target === target ? noteSignal(known, ports.nowMs(), failure?.message) : noteOvertakenSignal(known, target)));
  };

  /** A refusal is an answer: the next one is asked for as late as the next signal. */
  const takeRefusal = (known: Proof, words: string): Proof =>
    noteInquiry(noteSignal(known, ports.nowMs()), { kind: 'refused', words }, ports.nowMs());

  const inquire = async (): Promise<void> => {
    const { target } = proof;
    if (target === undefined) return;
    const found = (await ports.inquire?.(frontend, target, firstSentAtMs, signal)) ?? { kind: 'nothing' };
    if (!signal.aborted) fold((known) => (known.target === target ? noteInquiry(known, found, ports.nowMs()) : known));
  };

  const takeStep = async (): Promise<(() => Promise<void>) | undefined> => {
    // What could not be told when it happened.
    tell();
    const step = nextStep(proof, ports.nowMs(), options);
    if (step.do === 'wait') return () => wake.wait(step.ms);
    if (step.do === 'ask') await ask(step.times);
    else if (step.do === 'visit') await visit(step.times);
    else if (step.do === 'find-rival') {
      fold(noteSearch);
      // A new file must not wait for it.
      void findRival();
    } else if (step.do === 'inquire') await inquire();
    else await sendSignal();
    return undefined;
  };
  ports.repeat(`the proof of ${first.name}`, takeStep, signal);

  return {
    frontend: () => frontend,
    proof: () => proof,
    aim(target) {
      fold((known) => aimAt(known, target));
      wake.wake();
    },
    disarm() {
      fold(disarm);
      wake.wake();
    },
    meet(known) {
      const isSame = known.statusEndpoints.join() === frontend.statusEndpoints.join();
      frontend = known;
      // Where it told last it is still.
      if (isSame || (telling !== undefined && known.statusEndpoints.includes(telling))) return;
      placings += 1;
      fold(relocate);
      wake.wake();
    },
    recheck() {
      fold(doubt);
      wake.wake();
    },
  };
}
