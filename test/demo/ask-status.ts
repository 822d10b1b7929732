import type { StatusSnapshot } from '../../src/status/snapshot.ts';

const nothing = { engine: { connected: false, lastSyncAt: null }, converged: false, instances: [], problems: [] };

/** meet-gen's status. While meet-gen doesn't answer, a status that has not converged. */
export async function askStatus(url: string): Promise<Pick<StatusSnapshot, 'engine' | 'converged' | 'instances' | 'problems'>> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
    return answer.ok ? ((await answer.json()) as StatusSnapshot) : nothing;
  } catch {
    return nothing;
  }
}
