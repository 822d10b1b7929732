import type { GenerationAnswer } from './generation-probe.ts';
import { aimAt, askTimeoutMs, doubt, newProof, nextStep, noteAnswer, noteOvertakenSignal, noteSignal, relocate } from './proof.ts';
import type { Proof, ProofOptions, Target } from './proof.ts';
import { createWake } from './wake.ts';

/** A frontend container. */
export interface Frontend {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /** It runs and is not about to stop, so it is to serve what is published. */
  readonly running: boolean;
  /** `address:port` of its status server on each of its networks. */
  readonly statusEndpoints: readonly string[];
}

/** What proving needs from outside; the pipeline's composition provides it. */
export interface ProverPorts {
  readonly ask: (endpoints: readonly string[], timeoutMs: number, signal: AbortSignal) => Promise<GenerationAnswer>;
  readonly signalHup: (frontend: Frontend, signal: AbortSignal) => Promise<void>;
  readonly nowMs: () => number;
}

export interface FrontendProver {
  frontend(): Frontend;
  proof(): Proof;
  aim(target: Target): void;
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
  let frontend = first;
  let proof = newProof(ports.nowMs());

  const fold = (change: (proof: Proof) => Proof): void => {
    const before = proof;
    proof = change(before);
    if (proof !== before) onChange(proof);
  };

  const ask = async (): Promise<void> => {
    const answer = await ports.ask(frontend.statusEndpoints, askTimeoutMs(proof, ports.nowMs()), signal);
    if (!signal.aborted) fold((known) => noteAnswer(known, answer, ports.nowMs()));
  };

  const sendSignal = async (): Promise<void> => {
    const target = proof.target;
    const failure = await ports.signalHup(frontend, signal).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (signal.aborted || target === undefined) return;
    fold((known) => (known.target === target ? noteSignal(known, ports.nowMs(), failure) : noteOvertakenSignal(known, target)));
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const step = nextStep(proof, ports.nowMs(), options);
      if (step.do === 'wait') await wake.wait(step.ms);
      else if (step.do === 'ask') await ask();
      else await sendSignal();
    }
  };
  void run();

  return {
    frontend: () => frontend,
    proof: () => proof,
    aim(target) {
      fold((known) => aimAt(known, target));
      wake.wake();
    },
    meet(known) {
      const moved = known.statusEndpoints.join() !== frontend.statusEndpoints.join();
      frontend = known;
      if (!moved) return;
      fold(relocate);
      wake.wake();
    },
    recheck() {
      fold(doubt);
      wake.wake();
    },
  };
}
