import type { FrontendReport } from '../../src/reload/prover.ts';

/** A report of a frontend that was asked to reload a file. `proof` changes the result. */
export function frontendReport(
  phase: FrontendReport['phase'],
  generation: string,
  proof: Partial<FrontendReport['proof']> = {},
): FrontendReport {
  return {
    frontend: { id: 'id', life: 'id', name: 'frontend', imageId: '', running: true, statusEndpoints: [], isForeign: false },
    phase,
    ignoresReloads: false,
    isShadowed: false,
    proof: {
      foundAtMs: 10,
      target: { generation, sha256: '', writtenAtMs: 5 },
      reloads: { count: 1, delivered: 1, firstAtMs: 0, lastAtMs: 0 },
      settledAnswers: 0,
      ...proof,
    },
  };
}
