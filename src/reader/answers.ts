import type { IncomingMessage } from 'node:http';
import { EngineError } from '../source/engine-error.ts';
import { hashBody, nonceHeader, noncePattern } from '../source/swarm/signature.ts';
import type { Body, EngineAnswers } from './engine-answers.ts';

/** The answer to a request, before it is signed. */
export interface Answer {
  readonly status: number;
  readonly body: Body;
  /** Empty for an answer without a tag. */
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A stream of events: its head is the answer, and the relay writes the rest. */
export interface Reply {
  readonly answer: Answer;
  readonly isStream: boolean;
}

/** A request, as far as the reader reads it. */
export interface Question {
  /** As asked, without the query; the signature covers it. */
  readonly path: string;
  readonly nonce: string | undefined;
}

const json = { 'content-type': 'application/json' };
const nothing = textBody('');
const versionPrefix = /^\/v\d{1,3}\.\d{1,3}(?=\/)/;
const calls = 'GET /_ping, /version, /events, /services and /tasks';

/** Reads the request line and the headers; the reader reads no body and no query. */
export function readQuestion({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): Question {
  const nonce = headers[nonceHeader];
  const path = url.split('?', 1)[0] ?? '';
  return { path, nonce: typeof nonce === 'string' && noncePattern.test(nonce) ? nonce : undefined };
}

/** @param refusal why no event stream can be opened now */
export async function replyTo(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  { path, nonce }: Question,
  view: EngineAnswers,
  refusal: () => string | undefined,
): Promise<Reply> {
  if (method !== 'GET') return whole(message(405, `the reader answers ${calls} alone`, { allow: 'GET' }));
  if (hasBody(headers)) return whole(message(400, 'the reader reads no body', { connection: 'close' }));
  if (nonce === undefined && headers[nonceHeader] !== undefined)
    return whole(message(400, `${nonceHeader} must be 32 hexadecimal digits, in lower case`));
  const call = path.replace(versionPrefix, '');
  if (call === '/events') {
    const reason = refusal();
    return reason === undefined
      ? { answer: { status: 200, body: nothing, etag: '', headers: json }, isStream: true }
      : whole(message(503, reason));
  }
  try {
    return whole(await answerCall(call, headers['if-none-match'], view));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return whole(message(503, `${error.message}; ${error.cure}`));
  }
}

async function answerCall(call: string, known: string | undefined, view: EngineAnswers): Promise<Answer> {
  switch (call) {
    case '/_ping': {
      const { ApiVersion: version } = await view.version();
      return { status: 200, body: textBody('OK'), etag: '', headers: { 'content-type': 'text/plain', 'api-version': version } };
    }
    case '/version':
      return { status: 200, body: textBody(JSON.stringify(await view.version())), etag: '', headers: json };
    case '/services':
      return unlessKnown(await view.services(), known);
    case '/tasks':
      return unlessKnown(await view.tasks(), known);
    default:
      return message(404, `not found: the reader answers ${calls} alone`);
  }
}

/** 304 where the client has this body already (RFC 9110, 13.1.2). */
function unlessKnown(body: Body, known: string | undefined): Answer {
  const { hash: etag } = body;
  const isKnown = (known ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${etag}"`);
  return { status: isKnown ? 304 : 200, body: isKnown ? nothing : body, etag, headers: isKnown ? {} : json };
}

/** An error in Docker's form. */
export function message(status: number, text: string, headers: Answer['headers'] = {}): Answer {
  return { status, body: textBody(JSON.stringify({ message: text })), etag: '', headers: { ...json, ...headers } };
}

function whole(answer: Answer): Reply {
  return { answer, isStream: false };
}

function textBody(text: string): Body {
  const bytes = Buffer.from(text);
  return { bytes, hash: hashBody(bytes) };
}

function hasBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}
