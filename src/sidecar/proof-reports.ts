import { showUntrustedText } from '../model/untrusted-text.ts';
import type { FrontendReport } from '../reload/prover.ts';
import type { TrialReport } from '../rollout/trial-types.ts';

/** The proofs of an instance's frontends in one; times in milliseconds since 1970. */
export interface InstanceProof {
  /** Running frontends. */
  readonly frontends: number;
  /** Running frontends that don't answer. */
  readonly unverified: number;
  /** All frontends that answer are live. */
  readonly live: boolean;
  readonly servingAtMs: number | undefined;
}

/** Sums up the proofs of an instance. Frontends of other projects count only if the instance has no own frontend. */
export function summarizeProofs(all: readonly FrontendReport[]): InstanceProof {
  const own = all.filter(({ frontend }) => !frontend.isForeign);
  const reports = own.length > 0 ? own : all;
  const answering = reports.filter((report) => report.phase !== 'unverified');
  const servedAtMs = answering.flatMap((report) => report.proof.servingAtMs ?? []);
  return {
    frontends: reports.length,
    unverified: reports.length - answering.length,
    live: answering.every((report) => report.phase === 'live'),
    servingAtMs: servedAtMs.length === 0 ? undefined : Math.max(...servedAtMs),
  };
}

const ignoredReloads =
  'it goes on with the older configuration after three signals, and its log, which says why, can not be read from here';

/** Whether each frontend accepted the file. With several frontends, nginx's words begin with the frontend's name. */
export function trialReports(all: readonly FrontendReport[]): readonly TrialReport[] {
  const reports = all.filter(({ frontend }) => !frontend.isForeign);
  return reports.map((report) => {
    const trial = trialReport(report);
    if (trial.words === undefined || reports.length === 1) return trial;
    return { ...trial, words: `${showUntrustedText(report.frontend.name)}: ${trial.words}` };
  });
}

function trialReport({ phase, proof, ignoresReloads }: FrontendReport): TrialReport {
  const generation = proof.target?.generation ?? '';
  if (phase === 'rejected') {
    const found = proof.inquiry?.found;
    return { generation, state: 'refused', words: found?.kind === 'refused' ? found.words : '' };
  }
  if (ignoresReloads) return { generation, state: 'refused', words: ignoredReloads, isGuess: true };
  // nginx accepted the file, even if another server answers visitors.
  if (phase === 'shadowed' || (phase === 'unverified' && proof.running === generation)) return { generation, state: 'live' };
  const isKnown = phase === 'live' || phase === 'serving' || phase === 'unverified';
  return { generation, state: isKnown ? phase : 'under-way' };
}
