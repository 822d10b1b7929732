import type { LoadFailure, LoadSummary } from '../load/load-words.ts';
import type { ErrorLine } from './error-log.ts';
import type { Removed } from './replace.ts';

/** Why a request may fail: what the nginx that gave it up must have logged last about it, and of which servers. */
export interface Excuse {
  /** Of a POST, which mustn't be sent again. */
  readonly what: RegExp;
  /** Of any request whose answer had begun: nginx can't take back what the client has. */
  readonly begun?: RegExp;
  /** `172.19.0.3:8000` */
  readonly endpoints: readonly string[];
}

/** Of these it is known where they are reached. */
type Endpoints = readonly Pick<Removed, 'endpoint'>[];

/** The listener of a stopping server closes: what waits in its queue is reset, although nginx has sent it already. */
export function resetBy(stopped: Endpoints): Excuse {
  return {
    what: /^recv\(\) failed \(104: Connection reset by peer\) while reading response header from upstream$/,
    endpoints: addresses(stopped),
  };
}

/**
 * What servers with an event loop of their own (gthread, uvicorn) leave at a stop: they also close accepted connections that no
 * request has been read from, with a reset or without.
 */
export function cutBy(stopped: Endpoints): Excuse {
  const reset = /recv\(\) failed \(104: Connection reset by peer\)/;
  const ended = /upstream prematurely closed connection/;
  return {
    what: new RegExp(`^(${reset.source}|${ended.source}) while reading response header from upstream$`),
    endpoints: addresses(stopped),
  };
}

/** What a killed server leaves of that which it was working on: the same, or half an answer. */
export function killedWith(killed: Endpoints): Excuse {
  return { ...cutBy(killed), begun: /^upstream prematurely closed connection while reading upstream$/ };
}

const addresses = (servers: Endpoints): readonly string[] => servers.map(({ endpoint }) => endpoint);

/** A failure, whether something excuses it, and all about it in words. */
interface JudgedFailure {
  readonly excused: boolean;
  readonly inWords: string;
}

/**
 * Judges each failed request by what nginx had to say about it. Excused is a POST that was answered with 502 because the last
 * server that it was sent to cut it off as the excuse says, and never a GET; half an answer only where the excuse knows of such.
 */
export function judgeFailures(failures: readonly LoadFailure[], lines: readonly ErrorLine[], excuse?: Excuse): readonly JudgedFailure[] {
  return failures.map((failure) => {
    const said = lines.filter(({ id }) => id === failure.id);
    return { excused: excuse !== undefined && isExcused(failure, said, excuse), inWords: describe(failure, said) };
  });
}

function isExcused({ method, kind, detail }: LoadFailure, said: readonly ErrorLine[], { what, begun, endpoints }: Excuse): boolean {
  const isTheirs = (line: ErrorLine | undefined): line is ErrorLine => endpoints.includes(line?.upstream ?? '');
  // Half an answer breaks off in every nginx that it comes through.
  if (kind === 'connection lost') return said.some((line) => isTheirs(line) && begun?.test(line.what) === true);
  const last = said.at(-1);
  return method === 'POST' && kind === 'status' && detail === '502' && isTheirs(last) && what.test(last.what);
}

function describe({ method, id, kind, detail, tookMs }: LoadFailure, said: readonly ErrorLine[]): string {
  const words = said.map(({ what, upstream }) => `${what} (${upstream ?? 'no upstream'})`).join(', then ') || 'nothing';
  return `${method} ${id}: ${kind}, ${detail}, after ${Math.round(tookMs)} ms; nginx said: ${words}`;
}

/** Replicas that answered a request which was sent after they had been proven out of rotation, in words. */
export function askedTooLate({ backends }: LoadSummary, removed: readonly Removed[]): readonly string[] {
  return removed.flatMap(({ hostname, outAtMs }) => {
    const lateMs = outAtMs === undefined ? 0 : (backends[hostname]?.lastSentAtMs ?? 0) - outAtMs;
    return lateMs > 0 ? [`${hostname} got a request ${Math.round(lateMs)} ms after it had been taken out`] : [];
  });
}

/** How many requests have failed with one server, or on one connection, and not in the end. */
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
