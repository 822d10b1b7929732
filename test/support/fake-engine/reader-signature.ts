import type { IncomingHttpHeaders } from 'node:http';
import {
  hashBody,
  nonceHeader,
  protocolHeader,
  protocolVersion,
  signAnswer,
  signatureHeader,
  signEvent,
} from '../../../src/source/swarm/signature.ts';
import type { FakeAnswer } from './answer.ts';

/** The answer of a reader with this secret: with an ETag, 304 to a question that has it, and a signature. */
export function signedAnswer(secret: Buffer, path: string, asked: IncomingHttpHeaders, { status, body }: FakeAnswer): FakeAnswer {
  const etag = status === 200 ? hashBody(body) : '';
  const isKnown = etag !== '' && asked['if-none-match'] === `"${etag}"`;
  const answer = isKnown ? { status: 304, body: '' } : { status, body };
  const signed = signedHead(secret, asked, { path, status: answer.status, etag, bodyHash: hashBody(answer.body) });
  return { ...answer, headers: { ...(etag === '' ? {} : { etag: `"${etag}"` }), ...signed } };
}

/** The headers of a reader's event stream. */
export function signedStreamHead(secret: Buffer, asked: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return signedHead(secret, asked, { path: '/events', status: 200, etag: '', bodyHash: hashBody('') });
}

/** A line of a reader's event stream. */
export function signedLine(secret: Buffer, asked: IncomingHttpHeaders, index: number, json: string): string {
  return `${signEvent(secret, nonceOf(asked), index, json)} ${json}`;
}

function signedHead(
  secret: Buffer,
  asked: IncomingHttpHeaders,
  answer: Parameters<typeof signAnswer>[2],
): Readonly<Record<string, string>> {
  return { [protocolHeader]: protocolVersion, [signatureHeader]: signAnswer(secret, nonceOf(asked), answer) };
}

function nonceOf(asked: IncomingHttpHeaders): string {
  return String(asked[nonceHeader] ?? '');
}
