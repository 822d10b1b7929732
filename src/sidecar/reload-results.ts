import type { FrontendReport } from '../reload/prover.ts';

type ReloadResult = 'success' | 'refused' | 'unproven';

/** The results of a frontend's reload for one file. */
export interface FrontendReload {
  readonly generation: string;
  readonly results: ReadonlySet<ReloadResult>;
  readonly last: ReloadResult;
}

/** @property isFirst whether this file had no such result before: metrics count a result once for each file */
export interface ReloadSeen {
  readonly result: ReloadResult;
  readonly isFirst: boolean;
}

/**
 * Compares the frontends of an instance with the earlier results of their reloads.
 *
 * @param before by frontend id
 */
export function reloadsAfter(
  before: ReadonlyMap<string, FrontendReload> | undefined,
  reports: readonly FrontendReport[],
): { readonly reloads: ReadonlyMap<string, FrontendReload>; readonly seen: readonly ReloadSeen[] } {
  const seen: ReloadSeen[] = [];
  const reloads = new Map<string, FrontendReload>();
  for (const { frontend, phase, proof } of reports) {
    const known = before?.get(frontend.id);
    if (known !== undefined) reloads.set(frontend.id, known);
    const result = resultOf(phase);
    const generation = proof.target?.generation;
    if (result === undefined || generation === undefined || !wasReloaded(proof)) continue;
    const isSame = known?.generation === generation;
    if (isSame && known.last === result) continue;
    const results = isSame ? known.results : new Set<ReloadResult>();
    reloads.set(frontend.id, { generation, results: new Set([...results, result]), last: result });
    seen.push({ result, isFirst: !results.has(result) });
  }
  return { reloads, seen };
}

/** A frontend that serves the file already when it is found was not reloaded for it. */
function wasReloaded({ target, reloads, foundAtMs }: FrontendReport['proof']): boolean {
  return reloads.count > 0 || (target?.writtenAtMs ?? 0) > foundAtMs;
}

function resultOf(phase: FrontendReport['phase']): ReloadResult | undefined {
  // Also where another server answers visitors: nginx did reload.
  if (phase === 'serving' || phase === 'live' || phase === 'shadowed') return 'success';
  if (phase === 'rejected') return 'refused';
  return phase === 'pending' || phase === 'unverified' ? 'unproven' : undefined;
}
