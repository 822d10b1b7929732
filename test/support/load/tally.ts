import type { BackendCounts, Counts, FailureKind, LoadFailure, LoadSummary, Method } from './load-messages.ts';

const keptFailures = 1000;

export interface Sent {
  readonly id: string;
  readonly method: Method;
  readonly sentAtMs: number;
}

/** Counts the outcomes of the requests. */
export interface Tally {
  answered(sent: Sent, backend: string): void;
  failed(sent: Sent, kind: FailureKind, detail: string): void;
  opened(): void;
  closeAnnounced(): void;
  progress(): Counts & { readonly failed: number };
  summary(): LoadSummary;
}

export function createTally(): Tally {
  const startedAtMs = performance.now();
  const requests: Counts = { GET: 0, POST: 0 };
  const failed: Counts = { GET: 0, POST: 0 };
  const failures: LoadFailure[] = [];
  const latencies: number[] = [];
  const backends = new Map<string, { requests: Counts; lastSentAtMs: number }>();
  const connections = { opened: 0, closeAnnounced: 0 };
  let slowest = { id: '', sentAtMs: 0, tookMs: -1 };

  const took = ({ id, method, sentAtMs }: Sent): number => {
    const tookMs = performance.timeOrigin + performance.now() - sentAtMs;
    requests[method] += 1;
    latencies.push(tookMs);
    if (tookMs > slowest.tookMs) slowest = { id, sentAtMs, tookMs };
    return tookMs;
  };

  return {
    answered(sent, backend) {
      took(sent);
      const known = backends.get(backend) ?? { requests: { GET: 0, POST: 0 }, lastSentAtMs: 0 };
      known.requests[sent.method] += 1;
      known.lastSentAtMs = Math.max(known.lastSentAtMs, sent.sentAtMs);
      backends.set(backend, known);
    },
    failed(sent, kind, detail) {
      const tookMs = took(sent);
      failed[sent.method] += 1;
      if (failures.length < keptFailures) failures.push({ ...sent, kind, detail, tookMs });
    },
    opened: () => void (connections.opened += 1),
    closeAnnounced: () => void (connections.closeAnnounced += 1),
    progress: () => ({ ...requests, failed: failed.GET + failed.POST }),
    summary: () => ({
      requests,
      failed,
      failures,
      latencyMs: percentiles(latencies),
      slowest: { id: slowest.id, sentAtMs: slowest.sentAtMs },
      backends: Object.fromEntries<BackendCounts>(backends),
      connections,
      seconds: (performance.now() - startedAtMs) / 1000,
    }),
  };
}

function percentiles(latencies: readonly number[]): LoadSummary['latencyMs'] {
  const sorted = Float64Array.from(latencies).toSorted();
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return { median: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
