import type { LoadFailure, LoadSummary } from '../load/load-messages.ts';
import type { ErrorLine } from './error-log.ts';
import type { Removed } from './replace.ts';

/** When a request may fail: the last error that nginx must have logged about it, and the servers. */
export interface Excuse {
  /** For a POST, which must not be sent again. */
  readonly what: RegExp;
  /** For any request whose answer had begun: nginx can't take back what the client has. */
  readonly begun?: RegExp;
  /** `172.19.0.3:8000` */
  readonly endpoints: readonly string[];
}

/** Servers with known addresses. */
type Endpoints = readonly Pick<Removed, 'endpoint'>[];

/**
 * The listener of a stopping server closes: connections in its queue are reset, although nginx has already sent the
 * request.
 */
export function resetBy(stopped: Endpoints): Excuse {
  return {
    what: /^recv\(\) failed \(104: Connection reset by peer\) while reading response header from upstream$/,
    endpoints: addresses(stopped),
  };
}

/**
 * The errors when servers with their own event loop (gthread, uvicorn) stop. They also close accepted connections
 * before they read a request, with or without a reset.
 */
export function cutBy(stopped: Endpoints): Excuse {
  const reset = /recv\(\) failed \(104: Connection reset by peer\)/;
  const ended = /upstream prematurely closed connection/;
  return {
    what: new RegExp(`^(${reset.source}|${ended.source}) while reading response header from upstream$`),
    endpoints: addresses(stopped),
  };
}

/** The errors when a server is killed: the same, and incomplete answers. */
export function killedWith(killed: Endpoints): Excuse {
  return { ...cutBy(killed), begun: /^upstream prematurely closed connection while reading upstream$/ };
}

const addresses = (servers: Endpoints): readonly string[] => servers.map(({ endpoint }) => endpoint);

/** A failed request, whether an excuse applies, and a description. */
interface JudgedFailure {
  readonly excused: boolean;
  readonly inWords: string;
}

/**
 * Judges each failed request by nginx's error lines. A POST with 502 is excused if its last server cut it off as the
 * excuse allows. A GET never is. An incomplete answer is excused only if the excuse allows incomplete answers.
 */
export function judgeFailures(failures: readonly LoadFailure[], lines: readonly ErrorLine[], excuse?: Excuse): readonly JudgedFailure[] {
  return failures.map((failure) => {
    const logged = lines.filter(({ id }) => id === failure.id);
    return { excused: excuse !== undefined && isExcused(failure, logged, excuse), inWords: describe(failure, logged) };
  });
}

function isExcused({ method, kind, detail }: LoadFailure, logged: readonly ErrorLine[], { what, begun, endpoints }: Excuse): boolean {
  const isTheirs = (line: ErrorLine | undefined): line is ErrorLine => endpoints.includes(line?.upstream ?? '');
  // An incomplete answer ends early in every nginx on its way.
  if (kind === 'connection lost') return logged.some((line) => isTheirs(line) && begun?.test(line.what) === true);
  const last = logged.at(-1);
  return method === 'POST' && kind === 'status' && detail === '502' && isTheirs(last) && what.test(last.what);
}

function describe({ method, id, kind, detail, tookMs }: LoadFailure, logged: readonly ErrorLine[]): string {
  const words = logged.map(({ what, upstream }) => `${what} (${upstream ?? 'no upstream'})`).join(', then ') || 'nothing';
  return `${method} ${id}: ${kind}, ${detail}, after ${Math.round(tookMs)} ms; nginx logged: ${words}`;
}

/** The replicas that answered a request from after they were proven out of rotation, as messages. */
export function askedTooLate({ backends }: LoadSummary, removed: readonly Removed[]): readonly string[] {
  return removed.flatMap(({ hostname, outAtMs }) => {
    const lateMs = outAtMs === undefined ? 0 : (backends[hostname]?.lastSentAtMs ?? 0) - outAtMs;
    return lateMs > 0 ? [`${hostname} got a request ${Math.round(lateMs)} ms after it had been taken out`] : [];
  });
}

/** The number of requests that failed on one server or connection, but succeeded in the end. */
export function sentAgain({ failures }: LoadSummary, lines: readonly ErrorLine[]): number {
  const failedIds = new Set(failures.map(({ id }) => id));
  return new Set(lines.map(({ id }) => id).filter((id) => !failedIds.has(id))).size;
}

/** The figures of a load in one line. */
export function figures(summary: LoadSummary, lines: readonly ErrorLine[], reloads: number): string {
  const { requests, failed, latencyMs, seconds } = summary;
  return [
    `${requests.GET} GET, ${requests.POST} POST in ${Math.round(seconds)} s`,
    `failed: ${failed.GET} GET, ${failed.POST} POST`,
    `sent again by nginx: ${sentAgain(summary, lines)}`,
    `reloads: ${reloads}`,
    `latency: median ${latencyMs.median} ms, 99 % ${latencyMs.p99} ms, 99.9 % ${latencyMs.p999} ms, longest ${latencyMs.max} ms`,
  ].join('; ');
}
