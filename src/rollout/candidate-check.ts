import { showUntrustedText } from '../model/untrusted-text.ts';
import { refusalIn } from '../nginx/refusals.ts';
import type { CheckOutcome, TrialFrontend } from './trial-types.ts';
import { messageOf } from '../util/error-message.ts';

/** The result of a command in a container. */
interface ExecEnd {
  readonly code: number;
  /** The beginning of standard output and standard error. */
  readonly output: string;
}

export interface CheckPorts {
  /** @throws Error if the command can't run; with `denied` if it never can */
  readonly exec: (frontend: TrialFrontend, command: readonly string[], limitMs: number, signal: AbortSignal) => Promise<ExecEnd>;
  /** Writes a file that the frontends see and nginx doesn't include; returns a function that removes the file. */
  readonly stage: (instance: string, content: string) => Promise<() => Promise<void>>;
  /** The test as a script for `sh -c`; the generation is its first argument. */
  readonly script: string;
}

export type CandidateCheck = (
  instance: string,
  candidate: { readonly content: string; readonly generation: string },
  frontends: readonly TrialFrontend[],
  signal: AbortSignal,
) => Promise<CheckOutcome>;

const limitMs = 10_000;
const exitCodes = { accepted: 0, refused: 10, unseen: 11, notIncluded: 12, noCopy: 13 };

/**
 * Lets nginx in each running frontend test a file, in a copy of its configuration tree. One refusal refuses the file.
 * Without a refusal, one acceptance accepts the file, even if other frontends can't test it.
 */
export function createCandidateCheck({ exec, stage, script }: CheckPorts): CandidateCheck {
  return async (instance, { content, generation }, frontends, signal) => {
    const unstage = await stage(instance, content);
    try {
      const command = ['sh', '-c', script, 'meet-gen', generation];
      const ask = (frontend: TrialFrontend): Promise<CheckOutcome> =>
        exec(frontend, command, limitMs, signal).then((end) => outcomeOf(frontend, end, frontends.length > 1), unknownFromError);
      return summarize(await Promise.all(frontends.map(ask)));
    } finally {
      await unstage();
    }
  };
}

/** @param isNamed whether the words begin with the frontend's name, since several frontends run */
function outcomeOf({ name: untrustedName }: TrialFrontend, { code, output }: ExecEnd, isNamed: boolean): CheckOutcome {
  const name = showUntrustedText(untrustedName);
  switch (code) {
    case exitCodes.accepted:
      return { verdict: 'accepted' };
    case exitCodes.refused:
      return { verdict: 'refused', words: `${isNamed ? `${name}: ` : ''}${refusalIn(output) ?? output.trim()}` };
    case exitCodes.unseen:
      return unknown(`${name} does not see meet-gen's output directory at /etc/nginx/meet-routing`);
    case exitCodes.notIncluded:
      return unknown(`nginx in ${name} does not include the published file: the stub is missing`);
    default:
      return unknown(`${name} can't copy its /etc/nginx to /tmp (${output.trim() || `exit code ${code}`})`);
  }
}

function unknownFromError(error: unknown): CheckOutcome {
  const denied = (error as { denied?: unknown }).denied === true;
  return { verdict: 'unknown', reason: messageOf(error), denied };
}

function unknown(reason: string): CheckOutcome {
  return { verdict: 'unknown', reason, denied: false };
}

function summarize(outcomes: readonly CheckOutcome[]): CheckOutcome {
  return (
    outcomes.find(({ verdict }) => verdict === 'refused') ??
    outcomes.find(({ verdict }) => verdict === 'accepted') ??
    outcomes[0] ??
    unknown('no frontend runs')
  );
}
