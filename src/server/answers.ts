import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { OperatorError } from '../model/operator-error.ts';
import type { Document } from '../status/document.ts';
import type { LiveStreams } from './live.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';

/** What the server answers from; asked at every request. */
export interface StatusSource {
  /** The loop turns. */
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  /** What Prometheus reads. */
  metrics(): Document;
  /** The status page, in HTML. */
  page(): Document;
  /** A file that the page loads, by its name; undefined for any other name. */
  asset(name: string): Document | undefined;
  /** Calls back whenever what is known has changed; returns how to end that. */
  onChange(listener: () => void): () => void;
}

/** What an operator may do and ask over the unix socket, and nobody over TCP. */
export interface OperatorCalls {
  /** Takes them out, or tells how far they are. @throws OperatorError that says why not */
  drain(containers: readonly string[]): unknown;
  /** @throws OperatorError that says why not */
  cancelDrain(containers: readonly string[]): unknown;
  /** Who answers a path or a URL. @throws OperatorError that says why it can't be explained */
  explain(target: string, instance: string | undefined): unknown;
}

/** JSON, a text as it is, or a stream that somebody else goes on writing. */
type Answer =
  | { readonly status: number; readonly body: unknown }
  | { readonly status: 200; readonly document: Document }
  | { readonly status: 200; readonly stream: LiveStreams };

/** How requests are answered in one place. */
export type Respond = (incoming: IncomingMessage) => Answer;

/** Over the unix socket: whoever may open it is an operator. */
export function answersForOperators(source: StatusSource, operator: OperatorCalls, live: LiveStreams): Respond {
  return (incoming) => answerOperator(incoming, operator) ?? answer(incoming, source, live);
}

/** Over TCP. @param names further names that the Host header may have */
export function answersForAnybody(source: StatusSource, names: readonly string[], live: LiveStreams): Respond {
  return (incoming) => (isOwnHost(incoming.headers.host, names) ? answer(incoming, source, live) : wrongHost);
}

/** Writes an answer, and of HEAD's only what it is. */
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
 * Nothing is kept, guessed, framed, or read by another site; and the page loads only what comes from here, so that not even markup that
 * slipped in could run anything (Content Security Policy Level 3).
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

/** Against pages that make a browser ask for them under a name of their own (DNS rebinding): only addresses, localhost, and what the operator names. */
function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  const name = (host ?? '')
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0 || names.includes(name);
}

const wrongHost: Answer = {
  status: 421,
  body: { error: 'ask for this server by its address, as localhost, or by a name that is given to --allow-host' },
};

/** A request target's path and query. `new URL` refuses some targets that come over a socket, `//` for one. */
function readTarget(target = '/'): { readonly pathname: string; readonly searchParams: URLSearchParams } {
  const [pathname = '/', ...query] = target.split('?');
  return { pathname, searchParams: new URLSearchParams(query.join('?')) };
}

/** Undefined for what the operator has nothing to do with. */
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
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return { status: 405, body: { error: 'this server is read-only: use GET' } };
  const path = incoming.url?.split('?')[0] ?? '/';
  switch (path) {
    case '/':
      return { status: 200, document: source.page() };
    case '/live':
      return live.isFull() ? { status: 503, body: { error: 'too many pages are open' } } : { status: 200, stream: live };
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
      return { status: 404, body: { error: 'there is / (the status page), /healthz, /readyz, /status and /metrics' } };
    }
  }
}
