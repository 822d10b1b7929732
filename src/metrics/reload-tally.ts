import type { FrontendReport } from '../reload/prover.ts';
import type { Tally } from './tally.ts';

type Result = 'success' | 'refused' | 'unproven';

/** Counts what is seen of each frontend's reload, once for each file. */
export interface ReloadTally {
  note(reports: readonly FrontendReport[], atSeconds: number): void;
}

export function createReloadTally(tally: Tally): ReloadTally {
  /** By frontend: the file, and what was counted of it. */
  const counted = new Map<string, { readonly generation: string; readonly results: ReadonlySet<Result>; readonly last: Result }>();
  return {
    note(reports, atSeconds) {
      for (const { frontend, phase, proof } of reports) {
        const result = resultOf(phase);
        const generation = proof.target?.generation;
        if (result === undefined || generation === undefined || !wasReloaded(proof)) continue;
        const before = counted.get(frontend.id);
        const isSame = before?.generation === generation;
        if (isSame && before.last === result) continue;
        const results = isSame ? before.results : new Set<Result>();
        counted.set(frontend.id, { generation, results: new Set([...results, result]), last: result });
        if (!results.has(result)) tally.count('reloads_total', result);
        tally.reloaded(result === 'success', atSeconds);
      }
      for (const id of [...counted.keys()].slice(0, -rememberedFrontends)) counted.delete(id);
    },
  };
}

const rememberedFrontends = 1000;

/** One that serves the file already when it is found was not reloaded for it. */
function wasReloaded({ target, signals, foundAtMs }: FrontendReport['proof']): boolean {
  return signals.count > 0 || (target?.writtenAtMs ?? 0) > foundAtMs;
}

function resultOf(phase: FrontendReport['phase']): Result | undefined {
  // Also where another server answers visitors: nginx did reload.
  if (phase === 'serving' || phase === 'live' || phase === 'shadowed') return 'success';
  if (phase === 'rejected') return 'refused';
  return phase === 'pending' || phase === 'unverified' ? 'unproven' : undefined;
}
