import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { OperatorError } from '../model/operator-error.ts';
import type { Document } from '../status/document.ts';
import type { LiveStreams } from './live.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';

/** The sources of the answers, asked at each request. */
export interface StatusSource {
  /** Whether the loop is alive. */
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  /** The metrics in Prometheus' text format. */
  metrics(): Document;
  /** The status page, in HTML. */
  page(): Document;
  /** A file of the page by its name; undefined for an unknown name. */
  asset(name: string): Document | undefined;
  /** Calls the listener after each change of the snapshot. @returns a function that removes the listener */
  onChange(listener: () => void): () => void;
}

/** The operator's calls, over the unix socket only. */
export interface OperatorCalls {
  /** Takes containers out of rotation and returns the progress. @throws OperatorError with the reason */
  drain(containers: readonly string[]): unknown;
  /** @throws OperatorError with the reason */
  cancelDrain(containers: readonly string[]): unknown;
  /** Explains which service answers a path or a URL. @throws OperatorError with the reason */
  explain(target: string, instance: string | undefined): unknown;
}

/** JSON, a text, or a stream that `LiveStreams` goes on writing. */
type Answer =
  | { readonly status: number; readonly body: unknown }
  | { readonly status: 200; readonly document: Document }
  | { readonly status: 200; readonly stream: LiveStreams };

/** The rules for requests to one listener. */
export type Respond = (incoming: IncomingMessage) => Answer;

/** Over the unix socket: its permissions limit it to operators. */
export function answersForOperators(source: StatusSource, operator: OperatorCalls, live: LiveStreams): Respond {
  return (incoming) => answerOperator(incoming, operator) ?? answer(incoming, source, live);
}

/** Over TCP. @param names further names that the Host header may contain */
export function answersForAnybody(source: StatusSource, names: readonly string[], live: LiveStreams): Respond {
  return (incoming) => (isOwnHost(incoming.headers.host, names) ? answer(incoming, source, live) : wrongHost);
}

/** Writes an answer; for HEAD only its header. */
export function send(outgoing: ServerResponse, answered: Answer): void {
  const isAsked = outgoing.req.method !== 'HEAD';
  if ('stream' in answered) {
    outgoing.writeHead(answered.status, { ...safeHeaders, 'content-type': 'text/event-stream' });
    if (isAsked) answered.stream.add(outgoing);
    else outgoing.end();
    return;
  }
  const { contentType, text } =
    'document' in answered ? answered.document : { contentType: 'application/json', text: `${JSON.stringify(answered.body)}\n` };
  outgoing.writeHead(answered.status, { ...safeHeaders, 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  outgoing.end(isAsked ? text : undefined);
}

/**
 * Browsers don't cache, sniff, frame or share answers with other sites. The page loads only from this server, so
 * that injected markup could not run anything (Content Security Policy Level 3).
 */
const safeHeaders = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Against DNS rebinding, where a page makes a browser ask under the page's name: addresses, localhost, and given names. */
function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  const name = (host ?? '')
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0 || names.includes(name);
}

const wrongHost: Answer = {
  status: 421,
  body: { error: 'use the address of this server, localhost, or a name from --allow-host in the Host header' },
};

/** The path and query of a request target. `new URL` refuses some targets, such as `//`. */
function readTarget(target = '/'): { readonly pathname: string; readonly searchParams: URLSearchParams } {
  const [pathname = '/', ...query] = target.split('?');
  return { pathname, searchParams: new URLSearchParams(query.join('?')) };
}

/** Returns undefined for a request that isn't an operator's call. */
function answerOperator({ method, url }: IncomingMessage, operator: OperatorCalls): Answer | undefined {
  const { pathname, searchParams } = readTarget(url);
  const containers = searchParams.getAll('container');
  const acts = {
    'POST /drain': () => ({ containers: operator.drain(containers) }),
    'POST /drain/cancel': () => ({ containers: operator.cancelDrain(containers) }),
    'GET /explain': () => operator.explain(searchParams.get('target') ?? '', searchParams.get('instance') ?? undefined),
  };
  const act = acts[`${method} ${pathname}` as keyof typeof acts];
  if (act === undefined) return undefined;
  try {
    return { status: 200, body: act() };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { status: 409, body: { error: error.message } };
  }
}

function answer(incoming: IncomingMessage, source: StatusSource, live: LiveStreams): Answer {
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
    return { status: 405, body: { error: 'this server is read-only: use GET or HEAD' } };
  const path = incoming.url?.split('?')[0] ?? '/';
  switch (path) {
    case '/':
      return { status: 200, document: source.page() };
    case '/live':
      return live.isFull() ? { status: 503, body: { error: 'too many open pages: close one' } } : { status: 200, stream: live };
    case '/healthz': {
      const healthy = source.healthy();
      return { status: healthy ? 200 : 503, body: { healthy } };
    }
    case '/readyz': {
      const { ready } = source.snapshot();
      return { status: ready ? 200 : 503, body: { ready } };
    }
    case '/status':
      return { status: 200, body: source.snapshot() };
    case '/metrics':
      return { status: 200, document: source.metrics() };
    default: {
      const asset = source.asset(path.slice(1));
      if (asset !== undefined) return { status: 200, document: asset };
      return { status: 404, body: { error: 'not found: use / (the status page), /healthz, /readyz, /status or /metrics' } };
    }
  }
}
